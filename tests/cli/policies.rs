//! Policies from the command line: what is told where, what is refused, how it exits.

use super::Stack;

const DATABASE: &str = r#"stack shop { }
env dev { @region = "us-east-1" }
env production { @region = "us-east-1" }

resource db: aws.rds.DBInstance {
  db_instance_class = "db.t3.micro"
  engine            = "postgres"
  allocated_storage = 20GiB, master_username = "app", manage_master_user_password = true
}
"#;

const MULTI_AZ: &str = r#"
policy multi_az for db: aws.rds.DBInstance if env.name == "production" {
  reason = "a zone that fails takes the database along"
  deny if !db.multi_az, "it has no standby"
  warn if db.allocated_storage < 100GiB, "it is small"
}
"#;

fn stack(more: &str) -> Stack {
    Stack::new(&format!("{DATABASE}{more}"))
}

/// Resources that the sandbox has, by what the state records.
fn recorded(stack: &Stack, env: &str) -> usize {
    stack.sandbox(&["state", "list", "-e", env, "--json"]).ends(0).json().as_array().unwrap().len()
}

#[test]
fn a_denied_plan_is_shown_and_an_apply_of_it_makes_no_call() {
    let stack = stack(MULTI_AZ);
    let plan = stack.sandbox(&["plan", "-e", "production"]).ends(3);
    assert!(plan.out.contains("policy denies: db (multi_az): it has no standby") && plan.out.contains("1 to add"), "{}", plan.out);
    for part in
        ["error[E0801]", "`multi_az` is false, as it is when left out", "main.plat:5:", "a zone that fails", "set `multi_az = true`"]
    {
        assert!(plan.err.contains(part), "{part}: {}", plan.err);
    }
    assert!(plan.err.contains("warning[E0802]") && plan.err.contains("1 error, 1 warning"), "{}", plan.err);
    let apply = stack.sandbox(&["apply", "-e", "production", "--yes"]).ends(3);
    assert!(apply.err.contains("error[E0801]") && !apply.err.contains("created"), "{}", apply.err);
    assert_eq!(recorded(&stack, "production"), 0);
    // In another environment the policy says nothing.
    stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert_eq!(recorded(&stack, "dev"), 1);
}

#[test]
fn a_denial_is_no_error_of_the_program() {
    let stack = stack(MULTI_AZ);
    let json = stack.plat(&["validate", "--json"]).ends(3).json();
    assert_eq!((json["ok"].as_bool(), json["diagnostics"][0]["code"].as_str()), (Some(false), Some("E0801")));
    stack.plat(&["validate", "-e", "dev"]).ends(0);
    stack.write("wrong.plat", "let a = b\n");
    stack.plat(&["validate"]).ends(1);
}

#[test]
fn a_warning_refuses_nothing() {
    let stack = stack("policy small for db: aws.rds.DBInstance { warn if db.allocated_storage < 100GiB, \"it is small\" }\n");
    stack.plat(&["validate"]).ends(0);
    let apply = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(0);
    assert!(
        apply.err.contains("warning[E0802]") && apply.out.contains("policy warns: db (small): it is small"),
        "{}{}",
        apply.out,
        apply.err
    );
}

#[test]
fn a_waiver_lets_it_be_and_is_listed_with_its_owner_and_its_end() {
    let waiver = |until: &str| {
        format!("{MULTI_AZ}waive multi_az for db {{ owner = \"data team\", until = \"{until}\", reason = \"the migration\" }}\n")
    };
    let waived = stack(&waiver("2999-12-31"));
    let plan = waived.sandbox(&["plan", "-e", "production"]).ends(0);
    assert!(plan.out.contains("waived: multi_az of db, by data team until 2999-12-31: the migration"), "{}", plan.out);
    let markdown = waived.sandbox(&["plan", "-e", "production", "--format", "markdown"]).ends(0).out;
    assert!(markdown.contains("#### Waived\n\n- multi\\_az of db, by data team until 2999-12-31"), "{markdown}");
    let json = waived.sandbox(&["plan", "-e", "production", "--json"]).ends(0).json();
    assert_eq!(json["waivers"][0]["state"], "waives");
    assert_eq!((&json["policies"][0]["verdict"], &json["policies"][0]["waiver"]["owner"]), (&"waived".into(), &"data team".into()));
    waived.sandbox(&["apply", "-e", "production", "--yes"]).ends(0);

    let ended = stack(&waiver("2020-12-31"));
    let plan = ended.sandbox(&["plan", "-e", "production"]).ends(3);
    assert!(plan.err.contains("this waiver of data team ended on 2020-12-31"), "{}", plan.err);
    let json = ended.sandbox(&["plan", "-e", "production", "--json"]).ends(3).json();
    assert_eq!((&json["waivers"][0]["state"], &json["policies"][0]["verdict"]), (&"ended".into(), &"denies".into()));
    assert_eq!(json["policies"][0]["attributes"][0], serde_json::json!({ "path": "multi_az", "value": false }));
    assert_eq!((&json["policies"][0]["place"]["line"], &json["policies"][0]["rule"]["line"]), (&5.into(), &13.into()));
    let markdown = ended.sandbox(&["plan", "-e", "production", "--format", "markdown"]).ends(3).out;
    assert!(markdown.contains("> **policy denies:** `db` (`multi_az`): it has no standby, the waiver of data team ended on"), "{markdown}");
}

#[test]
fn what_only_the_cloud_tells_is_judged_after_the_apply() {
    let rule = "policy up for db: aws.rds.DBInstance { deny if (db.db_instance_status != \"available\") == WANTED, \"it is up\" }\n";
    for (wanted, code) in [("true", 0), ("false", 3)] {
        let stack = stack(&rule.replace("WANTED", wanted));
        let plan = stack.sandbox(&["plan", "-e", "dev"]).ends(0);
        let note = "1 rule of a policy can only be told after apply, when db.db_instance_status is known";
        assert!(plan.out.contains(note) && !plan.err.contains("E0801"), "{}{}", plan.out, plan.err);
        let applied = stack.sandbox(&["apply", "-e", "dev", "--yes"]).ends(code);
        assert_eq!(applied.err.contains("policy denies: db (up): it is up"), code == 3, "{}", applied.err);
        assert_eq!(recorded(&stack, "dev"), 1);
        // From now on it is known.
        stack.sandbox(&["plan", "-e", "dev"]).ends(code);
    }
}

#[test]
fn the_planned_value_counts_not_the_one_that_is() {
    let stack = Stack::new(&format!("{DATABASE}{MULTI_AZ}").replace("20GiB", "20GiB\n  multi_az = true"));
    stack.sandbox(&["apply", "-e", "production", "--yes"]).ends(0);
    stack.write("main.plat", &format!("{DATABASE}{MULTI_AZ}"));
    let plan = stack.sandbox(&["plan", "-e", "production"]).ends(3);
    assert!(plan.err.contains("it has no standby"), "{}", plan.err);
    // What goes is not looked at.
    stack.sandbox(&["destroy", "-e", "production", "--yes"]).ends(0);
}

#[test]
fn policies_of_a_module_are_in_force_where_they_are_brought_in() {
    let stack = stack("use \"../rules\".{house}\n");
    let rules = stack.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(rules.join("rules.plat"), "policy house { policies = [multi_az] }\n".to_owned() + MULTI_AZ).unwrap();
    std::fs::create_dir(stack.path().join("shop")).unwrap();
    std::fs::rename(stack.path().join("main.plat"), stack.path().join("shop/main.plat")).unwrap();
    let said = stack.plat(&["validate", "shop"]).ends(3);
    assert!(said.err.contains("rules.plat:5:") && said.err.contains("main.plat:5:"), "{}", said.err);
}
