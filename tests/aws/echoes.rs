//! Services that repeat what they were sent when they refuse it, in every form there is: no secret is in what plat says, nor in its files.

use super::cloud::Cloud;
use super::fault::{Fault, Rule};
use super::plat::{Project, Run};
use crate::cli::canaries::{canary, forms, readable};
use crate::figures::reached;

const SECRETS: [(&str, &str); 3] = [("KEY_ONE", "secret"), ("KEY_TWO", "database"), ("KEY_THREE", "cluster")];

#[test]
fn a_refusal_that_repeats_a_secret_is_told_without_it() {
    let cloud = Cloud::start();
    let project =
        SECRETS.into_iter().fold(Project::of_tests("echoes", "test"), |project, (name, text)| project.with_env(name, &canary(text)));
    let forms = forms();
    let mut echoed = 0;
    for arguments in [&["--yes"][..], &["--yes", "--json"]] {
        cloud.proxy.take_ledger();
        cloud.proxy.inject(Rule::new(Fault::Echo).mutating().times(usize::MAX));
        let run: Run = project.run(&cloud, "apply", arguments).ends(1);
        cloud.proxy.heal();
        assert!(run.err.matches("(secret)").count() + run.out.matches("(secret)").count() >= SECRETS.len(), "{run}");
        let disturbed = cloud.proxy.ledger().disturbed();
        assert!(disturbed >= SECRETS.len(), "{run}");
        echoed += disturbed;
        let files = project.written();
        assert!(!files.is_empty());
        let read = files.iter().map(|file| std::fs::read(file).expect("a readable file"));
        for text in read.chain([run.out.clone().into_bytes(), run.err.clone().into_bytes()]) {
            assert_eq!(readable(&text, &forms), None, "{}", String::from_utf8_lossy(&text));
        }
    }
    reached(&format!("{echoed} refusals over emulated AWS that repeat secrets plain, escaped, in base64 and in hex: 0 told"));
}
