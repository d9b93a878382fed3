//! Errors of the language with their source.

use plat::diagnostic::{Code, Diagnostic, Drawing, render_all, to_json};
use plat::source::{SourceMap, Span};

use super::golden;

const NETWORK: &str = "resource main: aws.ec2.VPC {\n  cidr_block = 10.0.0.0/16\n}\n\nresource public: aws.ec2.Subnet for zone in [\"a\"] {\n  vpc_id = main\n}\n\nresource web: aws.ec2.SecurityGroup {\n  vpc_id = public[\"us-west-2a\"]\n}\n";

fn made() -> (Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::default();
    let network = sources.add("network.plat".as_ref(), "network.plat", NETWORK);
    let web = sources.add("web.plat".as_ref(), "web.plat", "let x = 1 +\n");
    let at = |what: &str| {
        let start = NETWORK.find(what).unwrap();
        Span::new(network, start, start + what.len())
    };
    let errors = vec![
        Diagnostic::error(
            Code(203),
            at("public[\"us-west-2a\"]"),
            "`vpc_id` wants the id of an `aws.ec2.VPC`, and this is an `aws.ec2.Subnet`",
        )
        .label("a subnet of `main`")
        .also(at("public"), "`public` is declared here")
        .help("its VPC is `main`: write `vpc_id = main`"),
        Diagnostic::warning(Code(9), Span::new(web, 4, 5), "`x` is used nowhere")
            .label("declared here")
            .also(at("main"), "and `main` is another file's")
            .help("take it away,\nor use it"),
        Diagnostic::error(Code(1), Span::new(web, 12, 12), "the file ends inside an expression"),
    ];
    (errors, sources)
}

#[test]
fn errors_teach_in_one_look() {
    let (errors, sources) = made();
    golden("errors.txt", &render_all(&errors, &sources, Drawing { color: false, width: 100 }));
    golden("errors-colour.txt", &render_all(&errors, &sources, Drawing { color: true, width: 60 }));
}

#[test]
fn errors_are_json_too() {
    let (errors, sources) = made();
    let json: Vec<_> = errors.iter().map(|error| to_json(error, &sources)).collect();
    golden("errors.json", &format!("{:#}\n", serde_json::Value::from(json)));
}
