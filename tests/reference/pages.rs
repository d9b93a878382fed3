//! docs/reference is what the program says of itself.

use std::collections::BTreeSet;

use plat::check::builtin_docs;
use plat::render::{Missing, Reference, Style};
use plat::value::Value;

use crate::project::{files, root};
use crate::suite::{desired, registry};

/// Folders of docs/reference whose every file is written from the program.
const WRITTEN: [&str; 4] = ["builtins", "components", "errors", "types"];

fn reference() -> Reference {
    Reference::new(registry())
}

#[test]
fn the_reference_is_up_to_date() {
    let folder = root().join("docs/reference");
    let pages = reference().files();
    let wanted: BTreeSet<_> = pages.iter().map(|(path, _)| folder.join(path)).collect();
    let there = WRITTEN.iter().flat_map(|part| files(&folder.join(part), "md"));
    let too_many: Vec<_> = there.filter(|path| !wanted.contains(path)).collect();
    let stale: Vec<_> =
        pages.iter().filter(|(path, text)| std::fs::read_to_string(folder.join(path)).ok().as_ref() != Some(text)).collect();
    if std::env::var_os("PLAT_ACCEPT").is_some() {
        too_many.iter().for_each(|path| std::fs::remove_file(path).unwrap());
        for (path, text) in stale {
            std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), text).unwrap();
        }
        return;
    }
    let stale: Vec<_> = stale.iter().map(|(path, _)| path).collect();
    let how = "PLAT_ACCEPT=1 cargo test -p plat-cli --test tests reference";
    assert!(
        stale.is_empty() && too_many.is_empty(),
        "docs/reference is not what the program says; `{how}` writes it: {stale:?} {too_many:?}"
    );
}

#[test]
fn links_within_the_documentation_lead_somewhere() {
    let mut broken = Vec::new();
    for page in files(&root().join("docs"), "md") {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let known = std::fs::read_to_string(&target).is_ok_and(|text| anchor.is_empty() || anchors(&text).contains(anchor));
            if !known && !target.is_dir() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The headings of a page, as GitHub links to them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.chars().filter(|c| kept(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()).collect()
}

#[test]
fn examples_of_functions_give_what_they_say() {
    use plat::check::builtin::{BUILTINS, METHODS, signature};
    use plat::types::Type;
    let mut told: Vec<_> = BUILTINS.iter().map(|(_, builtin, ..)| builtin_docs::function(*builtin)).collect();
    let number = Type::Int;
    let receivers = [
        Type::String,
        number.clone(),
        Type::Cidr,
        Type::list(Type::String),
        Type::list(number.clone()),
        Type::list(Type::list(number.clone())),
        Type::map(number),
    ];
    for ty in &receivers {
        told.extend(METHODS.iter().filter_map(|name| signature(ty, name)).map(|signature| builtin_docs::method(signature.method)));
    }
    assert!(told.len() > 50);
    for told in told.iter().filter(|told| !told.gives.is_empty()) {
        let asserts = desired(&format!("assert {} == {}", told.example, told.gives)).asserts;
        assert_eq!(asserts[0].condition, Value::Bool(true), "{} gives something else than {}", told.example, told.gives);
    }
}

#[test]
fn pages_are_found_by_what_people_write() {
    let reference = reference();
    for (wanted, found) in [
        ("aws.ec2.VPC", "aws.ec2.VPC"),
        ("AWS::EC2::VPC", "aws.ec2.VPC"),
        ("vpc", "aws.ec2.VPC"),
        ("Network", "std.network.Network"),
        ("std.network", "std.network"),
        ("std.policy.multi_az", "std.policy.multi_az"),
        ("NodePool", "std.kubernetes.NodePool"),
        ("Ingress", "aws.ec2.SecurityGroup.Ingress"),
        ("aws.ec2.Subnet.vpc_id", "aws.ec2.Subnet.vpc_id"),
        ("Cidr.subnet", "Cidr.subnet"),
        ("cidr", "cidr"),
        ("Cidr", "Cidr"),
        ("@after", "@after"),
        ("resource", "resource"),
        ("functions", "functions"),
        ("e0203", "E0203"),
    ] {
        assert_eq!(reference.find(wanted).map(|page| &*page.name), Ok(found), "{wanted}");
    }
    let near = |name: &str| reference.find(name).unwrap_err();
    assert_eq!(near("aws.ec2.Vcp"), Missing::Nothing(Some("aws.ec2.VPC".to_owned())));
    assert_eq!(near("Netwrk"), Missing::Nothing(Some("std.network.Network".to_owned())));
    assert_eq!(near("aws.ec2.VPC.cidr_blok"), Missing::Nothing(Some("aws.ec2.VPC.cidr_block".to_owned())));
    assert!(matches!(near("cluster"), Missing::Several(names) if names.len() == 2));
    assert_eq!(near("xyzzyq"), Missing::Nothing(None));
}

#[test]
fn every_word_that_starts_a_declaration_is_told_of() {
    let reference = reference();
    let others = ["reachable", "for", "if", "match", "by", "secret", "@after", "@timeout"];
    for word in plat::syntax::KEYWORDS.into_iter().chain(others) {
        assert!(reference.find(word).is_ok(), "docs/reference/language.md has no section `{word}`");
    }
    let overview = reference.overview(Style::PLAIN);
    let mut names: Vec<&str> = overview.lines().filter(|l| l.starts_with("  ")).filter_map(|l| l.split_whitespace().next()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name that is listed twice: {names:?}");
    for name in ["  aws.ec2.VPC ", "  std.network.Network ", "  Cidr ", "  resource "] {
        assert!(overview.contains(name), "{name}:\n{overview}");
    }
}

#[test]
fn a_stacks_own_components_are_told_of() {
    let mut sources = plat::source::SourceMap::default();
    let text = "/// Web servers. Behind a balancer.\ncomponent Cluster {\n  /// How many.\n  param count: Int\n  param port: Int = 80 { check port > 0 }\n  output all: [String] = []\n}\n";
    let modules = plat::resolve::load_text("main.plat", text, &mut sources, &mut Vec::new());
    let reference = reference().with_stack(&modules, &sources);
    let page = reference.find("Cluster").unwrap();
    assert_eq!(page.about, "Web servers.");
    assert_eq!(
        page.text,
        "# Cluster\n\nWeb servers. Behind a balancer.\n\n```\nresource cluster: Cluster {\n  count = …\n}\n```\n\n## Params\n\n- `count`: `Int`; required. How many.\n- `port`: `Int`; default `80`.\n  - It must hold that `port > 0`.\n\n## Outputs\n\n- `all`: `[String]`.\n"
    );
    assert!(reference.overview(Style::PLAIN).starts_with("What this stack declares\n  Cluster "));
    assert!(reference.files().iter().all(|(path, _)| !path.ends_with("/Cluster.md")));
}
