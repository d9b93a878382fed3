//! `plat explain`

use plat::diagnostic::{CODES, Code, CodeInfo, closest};
use plat::render::{Role, markdown};

use crate::args::Explain;
use crate::failure::{Answer, Exit, Failure};
use crate::terminal::Terminal;

pub fn run(args: &Explain, terminal: &Terminal) -> Answer {
    let Some(text) = &args.code else {
        if args.json {
            let all: Vec<_> = CODES.iter().map(json).collect();
            terminal.json(&all.into());
            return Ok(Exit::Done);
        }
        let lines: String =
            CODES.iter().map(|info| format!("{}  {}\n", terminal.out.paint(Role::Strong, info.code), info.title())).collect();
        terminal.print(&lines);
        return Ok(Exit::Done);
    };
    let code: Option<Code> = text.parse().ok();
    let Some(info) = code.and_then(|code| CODES.iter().find(|info| info.code == code)) else {
        let names: Vec<String> = CODES.iter().map(|info| info.code.to_string()).collect();
        let near = closest(&text.to_uppercase(), names.iter().map(String::as_str));
        let help =
            near.map_or("`plat explain` lists them all".to_owned(), |name| format!("did you mean `{name}`? `plat explain` lists them all"));
        return Err(Failure::new(format!("there is no error code `{text}`")).help(help));
    };
    if args.json {
        terminal.json(&json(info));
        return Ok(Exit::Done);
    }
    let story = format!("# {}: {}\n\n{}\n", info.code, info.title(), info.story());
    terminal.print(&markdown(&story, terminal.out));
    Ok(Exit::Done)
}

fn json(info: &CodeInfo) -> serde_json::Value {
    serde_json::json!({ "code": info.code.to_string(), "title": info.title(), "markdown": info.story() })
}
