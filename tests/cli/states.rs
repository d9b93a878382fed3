//! The state in an operator's hands.

use plat::schema::Registry;
use plat::state::{LocalStore, StateStore};

use super::{NETWORK, Stack};

fn applied() -> Stack {
    let stack = Stack::new(NETWORK);
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    stack
}

fn serial(stack: &Stack) -> u64 {
    LocalStore::at(&stack.path().join(".plat/sandbox"), "shop", "dev").load(&Registry::default()).unwrap().state.serial
}

#[test]
fn what_moves_in_the_state_keeps_its_thing() {
    let stack = applied();
    let moved = stack.sandbox(&["state", "mv", "sub", "part", "-e", "dev"]).ends(0);
    assert!(moved.out.contains("moved sub[\"a\"] → part[\"a\"]\n") && moved.out.contains("2 resources moved in state 2;"), "{}", moved.out);
    assert!(moved.err.contains("The program has no `part[\"a\"]`, `part[\"b\"]`: until it does"), "{}", moved.err);
    stack.write("main.plat", &NETWORK.replace("resource sub:", "resource part:"));
    let plan = stack.sandbox(&["plan", "-e", "dev", "--detailed-exitcode"]).ends(0);
    assert!(plan.out.contains("No changes"), "{}", plan.out);

    let none = stack.sandbox(&["state", "mv", "pat[a]", "x", "-e", "dev"]).ends(1);
    assert!(none.err.contains("the state has no `pat[\"a\"]`") && none.err.contains("did you mean `part[\"a\"]`?"), "{}", none.err);
    let other = stack.sandbox(&["state", "mv", "part[a]", "net", "-e", "dev"]).ends(1);
    assert!(other.err.contains("the state has `net[\"a\"]` already") || other.err.contains("`net`"), "{}", other.err);
    assert_eq!(serial(&stack), 2);
}

#[test]
fn what_is_forgotten_stays_in_the_cloud() {
    let stack = applied();
    let nobody = stack.sandbox(&["state", "rm", "sub[a]", "-e", "dev"]).ends(1);
    assert!(nobody.err.contains("--yes"), "{}", nobody.err);
    assert_eq!(serial(&stack), 1);
    let gone = stack.sandbox(&["state", "rm", "sub[a]", "-e", "dev", "--yes"]).ends(0);
    assert!(gone.out.contains("1 resource forgotten in state 2; the cloud was not touched."), "{}", gone.out);
    let back = gone.err.lines().find(|line| line.contains("import sub[\"a\"] = \"subnet-")).unwrap_or_else(|| panic!("{}", gone.err));
    stack.write("back.plat", &format!("{}\n", back.trim()));
    let plan = stack.sandbox(&["plan", "-e", "dev", "--json"]).ends(0).json();
    assert_eq!((plan["summary"]["import"].as_u64(), plan["summary"]["add"].as_u64()), (Some(1), Some(0)));
}

#[test]
fn a_state_is_pulled_changed_and_pushed() {
    let stack = applied();
    let pulled = stack.sandbox(&["state", "pull", "-e", "dev"]).ends(0).out;
    stack.write("old.json", &pulled);
    let same = stack.sandbox(&["state", "push", "old.json", "-e", "dev", "--yes"]).ends(0);
    assert!(same.out.contains("nothing was pushed"), "{}", same.out);
    assert_eq!(serial(&stack), 1);

    stack.write("new.json", &pulled.replace("\"zones\":2", "\"zones\":3"));
    let refused = stack.sandbox(&["state", "push", "new.json", "-e", "dev"]).ends(1);
    assert!(refused.out.contains("zones  2 → 3") && refused.err.contains("--yes"), "{}\n{}", refused.out, refused.err);
    let pushed = stack.sandbox(&["state", "push", "new.json", "-e", "dev", "--yes"]).ends(0);
    assert!(pushed.out.contains("State 2 is what was pushed."), "{}", pushed.out);
    let older = stack.sandbox(&["state", "push", "old.json", "-e", "dev", "--yes"]).ends(1);
    assert!(older.err.contains("the state has gone on to 2 since"), "{}", older.err);
    let foreign = stack.sandbox(&["state", "push", "new.json", "-e", "prod", "--yes"]).ends(1);
    assert!(foreign.err.contains("it is the state of `shop · dev`, not of `shop · prod`"), "{}", foreign.err);
    stack.write("cut.json", &pulled[..pulled.len() / 2]);
    let cut = stack.sandbox(&["state", "push", "cut.json", "-e", "dev", "--yes"]).ends(1);
    assert!(cut.err.contains("`cut.json` cannot be pushed"), "{}", cut.err);
    assert_eq!(serial(&stack), 2);

    // Where there is no state yet, it comes under the serial it has: a state moves to another place.
    let elsewhere = stack.sandbox(&["state", "push", "new.json", "-e", "dev", "--yes", "--state-dir", "there"]).ends(0);
    assert!(elsewhere.out.contains("State 1 is what was pushed."), "{}", elsewhere.out);
    let there = stack.sandbox(&["state", "pull", "-e", "dev", "--state-dir", "there"]).ends(0).out;
    assert_eq!(there, pulled.replace("\"zones\":2", "\"zones\":3"));
}

#[test]
fn two_states_are_compared() {
    let none = Stack::new(NETWORK).sandbox(&["state", "diff", "-e", "dev"]).ends(1);
    assert!(none.err.contains("no earlier state"), "{}", none.err);
    let stack = applied();
    stack.write(
        "main.plat",
        &NETWORK.replace("[\"a\", \"b\"]", "[\"b\"]").replace("cidr_block = cidr\n", "cidr_block = cidr\n  tags = { Name = \"x\" }\n"),
    );
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    stack.sandbox(&["state", "mv", "net", "network", "-e", "dev"]).ends(0);
    let text = stack.sandbox(&["state", "diff", "1", "-e", "dev"]).ends(0).out;
    for line in
        ["shop · dev · state 1 → state 3\n", "  - sub[\"a\"]  aws.ec2.Subnet  subnet-", "  > network ", "  was net\n", "1 moved, 1 removed"]
    {
        assert!(text.contains(line), "{line}:\n{text}");
    }
    let json = stack.sandbox(&["state", "diff", "1", "2", "-e", "dev", "--json"]).ends(0).json();
    let net = json["resources"].as_array().unwrap().iter().find(|one| one["address"] == "net").unwrap();
    assert_eq!((net["difference"].as_str(), net["changes"][0]["attribute"].as_str()), (Some("changed"), Some("tags")));
    assert_eq!(net["changes"][0]["after"]["Name"], "x");
    assert!(!text.contains("depends on"), "what only follows a move is no difference: {text}");
    let latest = stack.sandbox(&["state", "diff", "-e", "dev"]).ends(0).out;
    assert!(latest.contains("state 2 → state 3") && !latest.contains("removed"), "{latest}");
    let missing = stack.sandbox(&["state", "diff", "7", "-e", "dev"]).ends(1);
    assert!(missing.err.contains("serial 7 is not kept"), "{}", missing.err);
}

#[test]
fn a_local_lock_has_nothing_to_unlock() {
    let stack = applied();
    let said = stack.sandbox(&["state", "unlock", "1", "-e", "dev"]).ends(1);
    assert!(said.err.contains("ends with the process that holds it"), "{}", said.err);
}
