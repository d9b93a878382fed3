//! Security groups that name themselves and each other, and secrets that come back, over the wire; boto3 says what there is.

use plat::provider::ErrorKind;
use plat::value::{Duration, Value};
use serde_json::{Value as JsonValue, json};

use super::cloud::Cloud;
use super::engine::{Engine, inputs, password, tags, text};
use super::plat::Project;
use super::witness::boto;

/// By name: the ports and sources of what may come in.
fn groups(cloud: &Cloud) -> Vec<(String, Vec<String>)> {
    let told = boto(cloud, 0, &json!([["ec2", "describe_security_groups", {}]]));
    let all = told[0].get("/SecurityGroups").as_array().unwrap().clone();
    let name = |id: &JsonValue| {
        all.iter().find(|group| group["GroupId"] == *id).map_or(String::new(), |g| g["GroupName"].as_str().unwrap().to_owned())
    };
    let rule = |permission: &JsonValue| {
        let (port, ranges, pairs) = (&permission["FromPort"], &permission["IpRanges"], &permission["UserIdGroupPairs"]);
        let sources = ranges.as_array().into_iter().flatten().map(|range| range["CidrIp"].as_str().unwrap().to_owned());
        let sources = sources.chain(pairs.as_array().into_iter().flatten().map(|pair| name(&pair["GroupId"])));
        sources.map(|source| format!("{} {port} {source}", permission["IpProtocol"].as_str().unwrap())).collect::<Vec<_>>()
    };
    let mut found: Vec<(String, Vec<String>)> = all
        .iter()
        .filter(|group| group["GroupName"] != "default")
        .map(|group| {
            let mut rules: Vec<String> = group["IpPermissions"].as_array().unwrap().iter().flat_map(rule).collect();
            rules.sort();
            (group["GroupName"].as_str().unwrap().to_owned(), rules)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn groups_name_themselves_and_each_other_and_go_together() {
    let cloud = Cloud::start();
    let project = Project::of_tests("groups", "test");
    project.apply(&cloud);
    project.settled(&cloud);
    let seen = groups(&cloud);
    let named: Vec<&str> = seen.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, ["alone", "one", "other"]);
    assert!(seen[0].1.len() == 1 && seen[0].1[0].ends_with(" alone"), "{seen:?}");
    assert_eq!(seen[1].1, ["tcp 80 other"]);
    assert_eq!(seen[2].1.len(), 2, "{seen:?}");
    assert!(seen[2].1.iter().any(|rule| rule.ends_with(" one")) && seen[2].1.contains(&"tcp 443 10.0.0.0/16".to_owned()), "{seen:?}");

    project.run(&cloud, "apply", &["--yes", "-p", "port=81"]).ends(0);
    assert_eq!(groups(&cloud)[1].1, ["tcp 81 other"]);
    project.run(&cloud, "plan", &["--detailed-exitcode", "-p", "port=81"]).ends(0);

    project.destroy(&cloud);
    assert_eq!(groups(&cloud), []);
}

#[test]
fn a_secret_with_a_recovery_window_is_restored_when_asked() {
    let cloud = Cloud::start();
    let engine = Engine::new(&cloud);
    let wanted = |restore: bool| {
        let window = ("recovery_window", Value::Duration(Duration::days(7)));
        let generate = ("generate_secret_string", Value::object([("password_length", Value::Int(32))]));
        inputs([("name", text("web")), generate, window, ("tags", tags("production")), ("restore_deleted", Value::Bool(restore))])
    };
    let secret = engine.create("aws.secretsmanager.Secret", wanted(false)).unwrap();
    let first = engine.secret(&secret.id);
    engine.delete(&secret).unwrap();
    assert_eq!(engine.read("aws.secretsmanager.Secret", &[&secret.id]), [None]);

    let later = "0193a1b2-c3d4-7e5f-8a9b-bbbbbbbbbbbb";
    let refused = engine.create_by(later, "aws.secretsmanager.Secret", wanted(false)).err().unwrap();
    assert_eq!(refused.kind, ErrorKind::Refused);
    assert!(refused.message.contains("can be restored for 7 more days; set `restore_deleted = true`"), "{refused}");

    let back = engine.create_by(later, "aws.secretsmanager.Secret", wanted(true)).unwrap();
    assert_eq!(back.id, secret.id);
    assert_eq!(engine.secret(&back.id), first, "the value that it had");
    let told = boto(&cloud, 0, &json!([["secretsmanager", "describe_secret", { "SecretId": "web" }]]));
    assert!(told[0].get("").get("DeletedDate").is_none(), "{told:?}");

    engine.delete(&back).unwrap();
    let mut given = wanted(true);
    given.remove("generate_secret_string");
    given.insert("secret_string".into(), password("given"));
    let again = engine.create_by("0193a1b2-c3d4-7e5f-8a9b-cccccccccccc", "aws.secretsmanager.Secret", given).unwrap();
    assert_eq!(engine.secret(&again.id), "given");
}
