//! A plan as the comment on a pull request: safe to post, and never without a delete.

use super::View;
use super::clean::clean_line;
use super::difference::{LineKind, Row, What};
use super::estimate::count;
use super::fold::{self, counted, groups};
use super::headline::{Headline, Weight, headline, one_line, rows, weight};
use super::plan_text::{closing_line, drift_lines, header_line, idle_said, json_inline, left_out, others_said, renames_said};
use super::policies::Broken;
use super::value::inline;
use crate::plan::{Alike, Plan, Step, Verdict};
use crate::types::Type;

/// GitHub refuses a comment that is longer, in bytes or in characters.
pub const LIMIT: usize = 65_536;

/// How much is told; each level is shorter than the one before, and none leaves out what is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Everything that the text has.
    All,
    /// Creations only as counts.
    NewCounted,
    /// Changes without their values.
    NoValues,
    /// Only what is lost, each on its line, and counts of the rest.
    LostLines,
    /// Only the addresses of what is lost.
    LostAddresses,
    /// Even these are too many: their number by declaration.
    LostCounted,
}

/// The whole comment, at most [`LIMIT`] bytes long.
pub fn plan_markdown(plan: &Plan, view: &View<'_>) -> String {
    use Detail::{All, LostAddresses, LostCounted, LostLines, NewCounted, NoValues};
    [All, NewCounted, NoValues, LostLines, LostAddresses]
        .into_iter()
        .map(|detail| page(plan, view, detail))
        .find(|page| page.len() < LIMIT)
        .unwrap_or_else(|| page(plan, view, LostCounted))
}

fn page(plan: &Plan, view: &View<'_>, detail: Detail) -> String {
    let mut out = format!("### {}\n\n**{}**\n", escape(&header_line(plan, view)), escape(&closing_line(plan)));
    if detail > Detail::All {
        out.push_str("\nThis plan is too long for one comment; what is left out here is new or changes in place, and the log has it.\n");
    }
    asserts(plan, view, &mut out);
    policies(plan, view, detail, &mut out);
    lost_for_good(plan, &mut out);
    rehearsal(plan, view, &mut out);
    if let Some(left) = left_out(plan) {
        out.push_str(&format!("\n> {}\n", escape(&left)));
    }
    if detail <= Detail::NoValues {
        drift(plan, view, &mut out);
    }
    renames(plan, &mut out);
    let of = |wanted: Weight| plan.steps.iter().filter(|step| weight(&step.action) == wanted).collect::<Vec<_>>();
    lost(&of(Weight::Lost), view, detail, &mut out);
    changed(&of(Weight::Changed), view, detail, &mut out);
    new(plan, view, detail, &mut out);
    if detail <= Detail::NoValues {
        moves(plan, &mut out);
        outputs(plan, &mut out);
        spent(plan, view, &mut out);
    }
    out
}

/// Lines of `moved` that are shown in a comment.
const RENAMES: usize = 20;

fn renames(plan: &Plan, out: &mut String) {
    if plan.renames.is_empty() {
        return;
    }
    out.push_str(&format!("\n> {}\n\n", escape(&renames_said(plan))));
    let shown: Vec<String> = plan.renames.iter().take(RENAMES).map(|rename| clean_line(&rename.line()).into_owned()).collect();
    let ticks = shown.iter().map(|line| longest_run(line, '`')).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    out.push_str(&format!("{fence}\n{}\n{fence}\n", shown.join("\n")));
    if plan.renames.len() > RENAMES {
        out.push_str(&format!("\n… and {} more lines, which the log has.\n", plan.renames.len() - RENAMES));
    }
}

fn spent(plan: &Plan, view: &View<'_>, out: &mut String) {
    let done: Vec<_> = plan.spent.iter().filter(|spent| spent.instead.is_none()).collect();
    if !done.is_empty() {
        out.push_str("\n#### Done here, and can go when every environment has it\n\n");
        out.extend(done.iter().map(|spent| format!("- {} ({})\n", code(&spent.line), code(&view.place(Some(spent.span))))));
    }
    for spent in plan.spent.iter().filter(|spent| spent.instead.is_some()) {
        out.push_str(&format!("\n> **nothing to do:** {}\n", escape(&idle_said(spent))));
    }
}

fn lost(steps: &[&Step], view: &View<'_>, detail: Detail, out: &mut String) {
    if steps.is_empty() {
        return;
    }
    out.push_str(&format!("\n#### {} destroyed or replaced\n\n", count(steps.len(), "resource is", "resources are")));
    match detail {
        Detail::LostAddresses => {
            let names: Vec<_> = steps.iter().map(|step| code(&step.address.to_string())).collect();
            out.push_str(&names.join(", "));
            out.push('\n');
        }
        Detail::LostCounted => lost_counted(steps, out),
        _ => items(steps, view, detail < Detail::LostLines, out),
    }
}

/// Thousands of deletes: by declaration, and the reader is told that approving from here would be blind.
fn lost_counted(steps: &[&Step], out: &mut String) {
    out.push_str("> **Too many to name them here. Read the plan in the log before you approve it.**\n\n");
    let mut by_declaration: indexmap::IndexMap<String, usize> = indexmap::IndexMap::new();
    for step in steps {
        let names: Vec<_> = step.address.steps().iter().map(|s| s.name.as_ref()).collect();
        *by_declaration.entry(names.join(".")).or_default() += 1;
    }
    let mut left = steps.len();
    for (name, n) in &by_declaration {
        let line = format!("- {}: {n}\n", code(name));
        if out.len() + line.len() > LIMIT - 4_000 {
            out.push_str(&format!("- and {left} more\n"));
            return;
        }
        out.push_str(&line);
        left -= n;
    }
}

fn changed(steps: &[&Step], view: &View<'_>, detail: Detail, out: &mut String) {
    if steps.is_empty() {
        return;
    }
    out.push_str(&format!("\n#### {}\n\n", count(steps.len(), "resource changes", "resources change")));
    match detail {
        Detail::All | Detail::NewCounted | Detail::NoValues => items(steps, view, detail < Detail::NoValues, out),
        _ => out.push_str("They are listed in the log.\n"),
    }
}

fn items(steps: &[&Step], view: &View<'_>, values: bool, out: &mut String) {
    for step in steps {
        let head = headline(step, view);
        out.push_str(&item(&head));
        if values {
            let rows = rows(step, view);
            if !rows.is_empty() {
                out.push_str(&block(&rows));
            }
        }
    }
}

fn item(head: &Headline) -> String {
    let reason = if head.reason.is_empty() { String::new() } else { format!(": {}", escape(&head.reason)) };
    let place = if head.place.is_empty() { String::new() } else { format!(" ({})", code(&head.place)) };
    format!("- {} {} {}{reason}{place}\n", code(head.symbol), code(&head.address), code(&head.type_name))
}

/// Rows as a `diff` block inside a list item. Its fence is longer than any row of backticks in it.
fn block(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        match &row.what {
            What::Set(text) => lines.push(format!("+ {} = {text}", row.name)),
            What::Unset(text) => lines.push(format!("- {} = {text}", row.name)),
            What::Becomes(old, new) => {
                lines.push(format!("- {} = {old}", row.name));
                lines.push(format!("+ {} = {new}", row.name));
            }
            What::Lines(inner) => {
                lines.push(format!("! {}", row.name));
                lines.extend(inner.iter().map(|line| match line.kind {
                    LineKind::Old => format!("-   {}", line.text),
                    LineKind::New => format!("+   {}", line.text),
                    LineKind::Same => format!("│   {}", line.text),
                    LineKind::Skipped => format!("│ {}", line.text),
                }));
            }
        }
    }
    let ticks = lines.iter().map(|line| longest_run(line, '`')).max().unwrap_or(0);
    let fence = "`".repeat(ticks.max(2) + 1);
    let body: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("  {fence}diff\n{body}  {fence}\n")
}

fn new(plan: &Plan, view: &View<'_>, detail: Detail, out: &mut String) {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| weight(&step.action) == Weight::New).collect();
    if steps.is_empty() {
        return;
    }
    out.push_str(&format!("\n#### {}\n\n", count(steps.len(), "resource is new", "resources are new")));
    if detail > Detail::All {
        out.push_str(&format!("{}.\n", escape(&counted(&steps))));
        return;
    }
    if view.full {
        items(&steps, view, true, out);
        return;
    }
    for group in groups(plan) {
        let head = headline(group.first, view);
        out.push_str(&item(&head));
        let rows = rows(group.first, view);
        let said: Vec<_> = rows.iter().take(6).map(|row| code(&format!("{} = {}", row.name, one_line(&row.what)))).collect();
        if !said.is_empty() {
            out.push_str(&format!("  {}\n", said.join(", ")));
        }
        if !group.others.is_empty() {
            out.push_str(&format!("  … and {}\n", escape(&others_said(&group))));
        }
    }
}

fn moves(plan: &Plan, out: &mut String) {
    if !plan.moves.is_empty() {
        out.push_str("\n#### Moved, and unchanged by it\n\n");
        for moved in fold::moves(plan) {
            let records = if moved.records == 1 { String::new() } else { format!(" ({} resources)", moved.records) };
            out.push_str(&format!("- {} → {}{records}\n", code(&moved.from.to_string()), code(&moved.to.to_string())));
        }
    }
}

fn drift(plan: &Plan, view: &View<'_>, out: &mut String) {
    let lines: Vec<_> = plan.drift.iter().flat_map(|drift| drift_lines(drift, view)).collect();
    if lines.is_empty() {
        return;
    }
    out.push_str("\n#### Changed outside plat\n\n");
    out.extend(lines.iter().map(|line| format!("- {}\n", escape(line))));
}

fn outputs(plan: &Plan, out: &mut String) {
    let changed: Vec<_> = plan.outputs.iter().filter(|output| output.changes()).collect();
    if changed.is_empty() {
        return;
    }
    out.push_str("\n#### Outputs\n\n");
    for change in changed {
        let new = inline(&change.output.value, &Type::Error);
        let old = change.before.as_ref().map(|old| format!("{} → ", code(&json_inline(old)))).unwrap_or_default();
        out.push_str(&format!("- {}: {old}{}\n", code(&change.output.name), code(&new)));
    }
}

fn asserts(plan: &Plan, view: &View<'_>, out: &mut String) {
    for (assert, verdict) in &plan.asserts {
        if *verdict == Verdict::Fails {
            let place = view.place(Some(assert.span));
            out.push_str(&format!("\n> **assert failed:** {} ({})\n", escape(&assert.message), code(&place)));
        }
    }
}

/// Denials and warnings named as long as there is room, else counted.
fn policies(plan: &Plan, view: &View<'_>, detail: Detail, out: &mut String) {
    let most = match detail {
        Detail::All | Detail::NewCounted => 50,
        Detail::NoValues | Detail::LostLines => 10,
        Detail::LostAddresses | Detail::LostCounted => 0,
    };
    let said = |broken: Broken<'_>| {
        let place = if broken.place.is_empty() { String::new() } else { format!(" ({})", code(&broken.place)) };
        let ended = broken.ended.map(|text| format!(", {}", escape(&text))).unwrap_or_default();
        format!("{} ({}): {}{ended}{place}", broken.alike.subjects(code), code(broken.policy), escape(broken.message))
    };
    let listed = |all: Vec<Alike<'_>>, head: &str, [one, many]: [&str; 2], out: &mut String| {
        for alike in all.iter().take(most) {
            out.push_str(&format!("\n> **{head}:** {}\n", said(Broken::of(alike, view))));
        }
        match all.iter().skip(most).map(|alike| alike.others.len() + 1).sum() {
            0 => {}
            more if most == 0 => out.push_str(&format!("\n> **{}**\n", count(more, one, many))),
            more => out.push_str(&format!("\n> and {}; the log has them\n", count(more, one, many))),
        }
    };
    listed(plan.policing.denials(), "policy denies", ["rule of a policy denies", "rules of policies deny"], out);
    listed(plan.policing.warnings(), "policy warns", ["rule of a policy warns", "rules of policies warn"], out);
    let waived: Vec<String> = super::policies::waived(plan);
    if !waived.is_empty() && most > 0 {
        out.push_str("\n#### Waived\n\n");
        out.extend(waived.iter().take(most).map(|line| format!("- {}\n", escape(line))));
        if waived.len() > most {
            out.push_str(&format!("- and {} more\n", waived.len() - most));
        }
    }
    if let Some(note) = super::policies::later(plan) {
        out.push_str(&format!("\n{}\n", escape(&note)));
    }
}

/// What going back does not bring back.
fn lost_for_good(plan: &Plan, out: &mut String) {
    if plan.lost.is_empty() {
        return;
    }
    let (named, more) = super::lost::listed(plan);
    out.push_str(&format!("\n> **{}**\n", super::lost::HEAD));
    out.extend(named.iter().map(|lost| format!("> - {}: {}\n", code(&lost.address.to_string()), escape(&super::lost::said(&lost.loss)))));
    out.extend(more.map(|more| format!("> - {more}\n")));
}

/// What a rehearsal found; it is short at every level of detail.
fn rehearsal(plan: &Plan, view: &View<'_>, out: &mut String) {
    let Some(rehearsal) = &plan.rehearsal else { return };
    if rehearsal.flaws.is_empty() {
        out.push_str(&format!("\n{}\n", super::rehearsal::fine(rehearsal)));
        return;
    }
    for flaw in rehearsal.flaws.iter().take(super::rehearsal::LISTED) {
        let place = view.place(flaw.span);
        let place = if place.is_empty() { String::new() } else { format!(" ({})", code(&place)) };
        out.push_str(&format!("\n> **{}:** {}{place}\n", super::rehearsal::head(flaw), escape(&super::rehearsal::said(flaw))));
    }
    if let Some(more) = super::rehearsal::more(rehearsal) {
        out.push_str(&format!("\n> {more}\n"));
    }
}

/// `text` as inline code: a fence longer than any row of backticks in it, so that nothing in it is Markdown or a mention.
fn code(text: &str) -> String {
    let text = clean_line(text);
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.chars().fold((0, 0), |(best, run), c| if c == wanted { (best.max(run + 1), run + 1) } else { (best, 0) }).0
}

/// `text` so that Markdown, HTML, mentions, references to issues and commands of a runner are only text.
/// Parts of it in backticks stay code, as plat's own messages use them for names.
fn escape(text: &str) -> String {
    let text = clean_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    let closed = parts.len() % 2 == 1;
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        if i % 2 == 1 && closed && !part.is_empty() {
            out.push_str(&code(part));
        } else {
            out.extend(unlinked(part).chars().flat_map(escaped));
        }
    }
    out
}

/// Without the beginnings that GitHub makes a link of by themselves: `www.` and `GH-1`. Those of `https:` and of mail are broken at `:` and `@`.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        out.push(c);
        let before = text.get(..start + c.len_utf8()).unwrap_or_default();
        let ends = |word: &str| {
            before.len() >= word.len() && before.get(before.len() - word.len()..).is_some_and(|end| end.eq_ignore_ascii_case(word))
        };
        if ends("www") || ends("GH") {
            out.push('\u{2060}');
        }
    }
    out
}

fn escaped(c: char) -> Vec<char> {
    match c {
        '\\' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' => vec!['\\', c],
        '<' => "&lt;".chars().collect(),
        '>' => "&gt;".chars().collect(),
        '&' => "&amp;".chars().collect(),
        // A word joiner breaks a mention and the `::` of a command; it has no width.
        '@' | ':' => vec![c, '\u{2060}'],
        c => vec![c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_code() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("@team\n::error::x"), "`@team::error::x`");
    }

    #[test]
    fn text_is_only_text() {
        assert_eq!(escape("see `a_b` *now*"), "see `a_b` \\*now\\*");
        assert_eq!(escape("@team"), "@\u{2060}team");
        assert_eq!(escape("<img>"), "&lt;img&gt;");
        assert_eq!(escape("see www.example.com, WWW.EXAMPLE.COM"), "see www\u{2060}.example.com, WWW\u{2060}.EXAMPLE.COM");
        assert_eq!(escape("me@example.com"), "me@\u{2060}example.com");
        assert_eq!(escape("https://example.com GH-12"), "https:\u{2060}//example.com GH\u{2060}-12");
        assert_eq!(escape("`www.example.com`"), "`www.example.com`");
        assert!(!escape("::error::x").contains("::"));
        assert_eq!(escape("a ` b *c*"), "a  b \\*c\\*");
    }
}
