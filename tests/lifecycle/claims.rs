//! What resources occupy exclusively, from plan to cloud: released before it is taken, in whatever order calls end.
//!
//! The sandbox refuses a claim that another resource has; calls take random times here, so that a missing order shows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use plat::apply::{Cancel, Journal, Settings, Silent, apply};
use plat::check::check_text;
use plat::eval::{Lookups, evaluate};
use plat::plan::{Action, Choice, Engine, Options, PrepareError, Prepared, Snag, prepare};
use plat::provider::sandbox::Sandbox;
use plat::provider::{Change, Existing, Identity, Operation, Provider, ProviderError, SecretResolver};
use plat::state::{Entry, StateError, StateFile};
use plat::trial::rehearse;
use plat::value::{ResolvedObject, SecretReference, SecretText};

use crate::properties::dice::Dice;
use crate::suite::{registry, shown};

/// A cloud whose changes take random times.
struct Restless {
    cloud: Arc<Sandbox>,
    dice: Mutex<Dice>,
}

impl Restless {
    async fn wait(&self) {
        let milliseconds = self.dice.lock().unwrap().below(6);
        tokio::time::sleep(Duration::from_millis(u64::try_from(milliseconds).unwrap())).await;
    }
}

#[async_trait]
impl Provider for Restless {
    async fn identity(&self, region: &str) -> Result<Identity, ProviderError> {
        self.cloud.identity(region).await
    }

    async fn create(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Existing, ProviderError> {
        self.wait().await;
        let made = self.cloud.create(op, inputs).await;
        self.wait().await;
        made
    }

    async fn read(&self, type_name: &str, region: &str, ids: &[String]) -> Result<Vec<Option<ResolvedObject>>, ProviderError> {
        self.cloud.read(type_name, region, ids).await
    }

    async fn update(&self, op: &Operation<'_>, id: &str, change: &Change) -> Result<ResolvedObject, ProviderError> {
        self.wait().await;
        let made = self.cloud.update(op, id, change).await;
        self.wait().await;
        made
    }

    async fn delete(&self, op: &Operation<'_>, id: &str, prior: &ResolvedObject) -> Result<(), ProviderError> {
        self.wait().await;
        self.cloud.delete(op, id, prior).await
    }

    async fn find(&self, op: &Operation<'_>, inputs: &ResolvedObject) -> Result<Option<String>, ProviderError> {
        self.cloud.find(op, inputs).await
    }

    async fn lookup(&self, type_name: &str, region: &str, query: &ResolvedObject) -> Result<ResolvedObject, ProviderError> {
        self.cloud.lookup(type_name, region, query).await
    }

    async fn secret(&self, region: &str, id: &str) -> Result<SecretText, ProviderError> {
        self.cloud.secret(region, id).await
    }
}

struct NoSecrets;

#[async_trait]
impl SecretResolver for NoSecrets {
    async fn text(&self, _: &str, _: &SecretReference) -> Result<SecretText, ProviderError> {
        panic!("no secret is asked for")
    }
}

struct Memory;

impl Journal for Memory {
    fn append(&self, _: &[Entry]) -> Result<(), StateError> {
        Ok(())
    }

    fn finish(&self, state: &mut StateFile) -> Result<(), StateError> {
        state.serial += 1;
        Ok(())
    }
}

/// One stack in a cloud that others may share.
struct Stack {
    cloud: Arc<Sandbox>,
    engine: Engine,
    state: StateFile,
}

impl Stack {
    fn new(seed: u64) -> Self {
        Self::within(Arc::new(Sandbox::in_memory(registry().clone())), "one", seed)
    }

    fn within(cloud: Arc<Sandbox>, name: &str, seed: u64) -> Self {
        let provider = Arc::new(Restless { cloud: cloud.clone(), dice: Mutex::new(Dice::new(seed)) });
        let engine = Engine { provider, secrets: Arc::new(NoSecrets), registry: registry().clone() };
        Self { cloud, engine, state: StateFile::new(name, "default").unwrap() }
    }

    /// The plan, or what is said against it.
    async fn plan(&self, text: &str) -> Result<Prepared, String> {
        self.plan_of(text, Choice::default()).await
    }

    async fn plan_of(&self, text: &str, choice: Choice) -> Result<Prepared, String> {
        let checked = check_text("main.plat", text, registry(), &[]);
        let sources = checked.sources;
        let program = checked.program.unwrap_or_else(|| panic!("{}", shown(&sources, &checked.diagnostics)));
        let evaluated = |_: &_| evaluate(&program, None, &Lookups::new());
        let options = Options { region: Some("us-west-2".to_owned()), choice, ..Options::default() };
        match prepare(&self.engine, &evaluated, self.state.clone(), &options).await {
            Ok(prepared) => Ok(prepared),
            Err(PrepareError::Program(diagnostics)) => Err(shown(&sources, &diagnostics)),
            Err(other) => panic!("{other}"),
        }
    }

    /// Applies, and says what the cloud refused.
    async fn apply(&mut self, text: &str) -> Result<(), String> {
        let prepared = self.plan(text).await?;
        let rehearsal = rehearse(registry(), &prepared).await;
        assert!(rehearsal.flaws.iter().all(|flaw| !flaw.snag.refuses()), "{:?}", rehearsal.flaws);
        let settings = Settings { consistency: Duration::ZERO, ..Settings::default() };
        let outcome = apply(&self.engine, prepared, Arc::new(Memory), Arc::new(Silent), &Cancel::default(), &settings).await.unwrap();
        self.state = outcome.state.clone();
        assert!(outcome.succeeded(), "{text}\n{:?}\nwaiting: {:?}", outcome.failed, outcome.waiting);
        Ok(())
    }

    /// Plans, and applies although a rehearsal would find something: the code of the cloud's first refusal.
    async fn refused(&mut self, text: &str) -> String {
        let prepared = self.plan(text).await.unwrap();
        let settings = Settings { consistency: Duration::ZERO, ..Settings::default() };
        let outcome = apply(&self.engine, prepared, Arc::new(Memory), Arc::new(Silent), &Cancel::default(), &settings).await.unwrap();
        self.state = outcome.state.clone();
        outcome.failed.first().map(|failure| failure.error.code.clone()).unwrap_or_default()
    }
}

/// Subnets of some zones, each with the range of its position among them.
fn zones(zones: &[&str]) -> String {
    let list = zones.iter().map(|zone| format!("\"{zone}\"")).collect::<Vec<_>>().join(", ");
    format!(
        r#"
let zones = [{list}]
let numbers = {{ {} }}
resource main: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }}
resource table: aws.ec2.RouteTable {{ vpc_id = main }}
resource subnet: aws.ec2.Subnet for zone in zones {{
  vpc_id            = main
  availability_zone = "us-west-2${{zone}}"
  cidr_block        = main.cidr_block.subnet(8, numbers[zone])
}}
resource tied: aws.ec2.SubnetRouteTableAssociation for zone in zones {{ route_table_id = table, subnet_id = subnet[zone] }}
"#,
        zones.iter().enumerate().map(|(n, zone)| format!("\"{zone}\" = {n}")).collect::<Vec<_>>().join(", ")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zone_in_the_middle_moves_the_ranges_behind_it() {
    for seed in 0..10 {
        let mut stack = Stack::new(seed);
        for list in [&["a", "c"][..], &["a", "b", "c"], &["b", "c"], &["c", "b", "a", "d"], &["d"], &["a", "b", "c", "d", "e"]] {
            stack.apply(&zones(list)).await.unwrap_or_else(|said| panic!("{list:?}: {said}"));
        }
    }
}

/// A target brings along what has to release what it takes.
#[tokio::test]
async fn a_part_of_a_plan_has_the_releases_that_it_needs() {
    let mut stack = Stack::new(9);
    stack.apply(&zones(&["a", "c"])).await.unwrap();
    let choice = Choice { targets: vec!["subnet[b]".parse().unwrap()], ..Choice::default() };
    let prepared = stack.plan_of(&zones(&["a", "b", "c"]), choice).await.unwrap();
    let changes = prepared.plan.steps.iter().filter(|step| step.action != Action::NoOp);
    let mut changes: Vec<String> = changes.map(|step| step.address.to_string()).collect();
    changes.sort();
    assert_eq!(changes, ["subnet[\"b\"]", "subnet[\"c\"]", "tied[\"c\"]"]);
}

/// AWS moves an Elastic IP from one instance to another: an exchange needs no order.
#[tokio::test]
async fn what_aws_moves_by_itself_may_be_exchanged() {
    let addresses = |one: &str, other: &str| {
        format!("resource one: aws.ec2.EIP {{ instance_id = \"{one}\" }}\nresource other: aws.ec2.EIP {{ instance_id = \"{other}\" }}\n")
    };
    let mut stack = Stack::new(10);
    stack.apply(&addresses("i-1", "i-2")).await.unwrap();
    stack.apply(&addresses("i-2", "i-1")).await.unwrap();
    assert!(stack.plan(&addresses("i-2", "i-3")).await.is_ok());
}

fn groups(body: &str) -> String {
    format!("resource main: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }}\nresource peer: aws.ec2.VPC {{ cidr_block = 10.1.0.0/16 }}\n{body}")
}

#[tokio::test]
async fn a_replacement_that_keeps_its_name_is_not_created_first() {
    let web = |description: &str, name: &str, options: &str| {
        groups(&format!(
            "resource web: aws.ec2.SecurityGroup {{ vpc_id = main, {name} group_description = \"{description}\"{options} }}\n\
             resource rule: aws.ec2.SecurityGroup {{ vpc_id = main, group_description = \"x\", security_group_ingress = \
             [{{ ip_protocol = \"-1\", source_security_group_id = web }}] }}"
        ))
    };
    let first = ", @replace = \"create_first\"";
    let mut stack = Stack::new(1);
    stack.apply(&web("one", "group_name = \"web\",", first)).await.unwrap();
    let said = stack.plan(&web("two", "group_name = \"web\",", first)).await.unwrap_err();
    assert_eq!(
        said,
        "error[E0532]: `web` cannot be created before its old self is deleted: both claim the name `web`\n  \
         at main.plat:3 `\"web\"`: stays the same\n  \
         help: remove `@replace = \"create_first\"`, or leave `group_name` out, so that each one gets a value of its own"
    );
    // Both ways out work; what AWS compares without case is the same.
    assert!(stack.plan(&web("two", "group_name = \"Web\",", first)).await.unwrap_err().contains("E0532"));
    stack.apply(&web("two", "group_name = \"other\",", first)).await.unwrap();
    stack.apply(&web("three", "", first)).await.unwrap();
    stack.apply(&web("four", "", first)).await.unwrap();
}

#[tokio::test]
async fn a_range_that_stays_is_not_created_first() {
    let subnet = |zone: &str, options: &str| {
        groups(&format!(
            "resource a: aws.ec2.Subnet {{ vpc_id = main, cidr_block = 10.0.0.0/24, availability_zone = \"us-west-2{zone}\"{options} }}"
        ))
    };
    let mut stack = Stack::new(2);
    stack.apply(&subnet("a", "")).await.unwrap();
    let said = stack.plan(&subnet("b", ", @replace = \"create_first\"")).await.unwrap_err();
    assert!(said.contains("E0532") && said.contains("the range `10.0.0.0/24`"), "{said}");
    stack.apply(&subnet("b", "")).await.unwrap();
}

#[tokio::test]
async fn two_that_exchange_ranges_cannot_be_created_first() {
    let subnets = |a: i32, b: i32, options: &str| {
        let one =
            |name: &str, n: i32| format!("resource {name}: aws.ec2.Subnet {{ vpc_id = main, cidr_block = 10.0.{n}.0/24{options} }}\n");
        groups(&(one("a", a) + &one("b", b)))
    };
    let mut stack = Stack::new(3);
    stack.apply(&subnets(0, 1, "")).await.unwrap();
    let said = stack.plan(&subnets(1, 0, ", @replace = \"create_first\"")).await.unwrap_err();
    assert!(said.contains("E0531") && said.contains("help: remove `@replace = \"create_first\"` from `"), "{said}");
    stack.apply(&subnets(1, 0, "")).await.unwrap();
}

#[tokio::test]
async fn what_is_forgotten_keeps_what_it_has() {
    let mut stack = Stack::new(4);
    stack.apply("resource old: aws.logs.LogGroup { log_group_name = \"/app\" }").await.unwrap();
    let said = stack.plan("forget old\nresource new: aws.logs.LogGroup { log_group_name = \"/app\" }").await.unwrap_err();
    assert!(said.contains("E0533") && said.contains("write `moved old -> new`"), "{said}");
    stack.apply("moved old -> new\nresource new: aws.logs.LogGroup { log_group_name = \"/app\" }").await.unwrap();
}

/// What only the state tells: an id that the configuration has as a text.
#[tokio::test]
async fn what_the_state_tells_is_compared_too() {
    let mut stack = Stack::new(5);
    let table = "resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }\nresource table: aws.ec2.RouteTable { vpc_id = main }\n";
    let route =
        "resource one: aws.ec2.Route { route_table_id = table, destination_cidr_block = 10.9.0.0/16, transit_gateway_id = \"tgw-1\" }\n";
    stack.apply(table).await.unwrap();
    let id = stack.cloud.inventory().unwrap().into_iter().find(|item| &*item.type_name == "aws.ec2.RouteTable").unwrap().id;
    let other = format!(
        "resource other: aws.ec2.Route {{ route_table_id = \"{id}\", destination_cidr_block = 10.9.0.0/16, transit_gateway_id = \"tgw-2\" }}"
    );
    let said = stack.plan(&format!("{table}{route}{other}")).await.unwrap_err();
    assert!(said.contains("E0530") && said.contains("the destination `10.9.0.0/16`"), "{said}");
}

/// A rule goes from the list of a group to a resource of its own, and back.
#[tokio::test]
async fn a_rule_moves_between_a_list_and_a_resource_of_its_own() {
    let web = |rules: &str, more: &str| {
        groups(&format!(
            "resource web: aws.ec2.SecurityGroup {{ vpc_id = main, group_description = \"web\", security_group_ingress = [{rules}] }}\n{more}"
        ))
    };
    let rule = "ip_protocol = \"tcp\", from_port = 443, to_port = 443, cidr_ip = 10.0.0.0/8";
    let (within, apart) = (
        web(&format!("{{ {rule} }}"), ""),
        web("", &format!("resource rule: aws.ec2.SecurityGroupIngress {{ group_id = web, {rule} }}\n")),
    );
    for seed in 0..5 {
        let mut stack = Stack::new(seed);
        stack.apply(&within).await.unwrap();
        stack.apply(&apart).await.unwrap();
        stack.apply(&within).await.unwrap();
    }
}

/// AWS's codes, for what another stack has.
#[tokio::test]
async fn another_stack_cannot_take_what_one_has() {
    let cloud = Arc::new(Sandbox::in_memory(registry().clone()));
    let mut one = Stack::within(cloud.clone(), "one", 6);
    one.apply(
        r#"
resource main: aws.ec2.VPC { cidr_block = 10.0.0.0/16 }
resource subnet: aws.ec2.Subnet { vpc_id = main, cidr_block = 10.0.0.0/20 }
resource table: aws.ec2.RouteTable { vpc_id = main }
resource gateway: aws.ec2.InternetGateway {}
resource attached: aws.ec2.VPCGatewayAttachment { vpc_id = main, internet_gateway_id = gateway }
resource route: aws.ec2.Route { route_table_id = table, destination_cidr_block = 0.0.0.0/0, gateway_id = gateway, @after = [attached] }
resource tied: aws.ec2.SubnetRouteTableAssociation { route_table_id = table, subnet_id = subnet }
resource web: aws.ec2.SecurityGroup { vpc_id = main, group_name = "web", group_description = "web" }
resource acl: aws.ec2.NetworkAcl { vpc_id = main }
resource entry: aws.ec2.NetworkAclEntry { network_acl_id = acl, rule_number = 7, protocol = -1, rule_action = "deny", cidr_block = 10.0.0.0/8 }
"#,
    )
    .await
    .unwrap();
    let id = |type_name: &str| {
        let items = cloud.inventory().unwrap();
        items.into_iter().find(|item| *item.type_name == *type_name && item.address.split('.').next() != Some("x")).unwrap().id
    };
    let (vpc, subnet, table) = (id("aws.ec2.VPC"), id("aws.ec2.Subnet"), id("aws.ec2.RouteTable"));
    let (gateway, acl) = (id("aws.ec2.InternetGateway"), id("aws.ec2.NetworkAcl"));
    for (code, resource) in [
        ("InvalidSubnet.Conflict", format!("aws.ec2.Subnet {{ vpc_id = \"{vpc}\", cidr_block = 10.0.8.0/24 }}")),
        (
            "RouteAlreadyExists",
            format!("aws.ec2.Route {{ route_table_id = \"{table}\", destination_cidr_block = 0.0.0.0/0, gateway_id = \"{gateway}\" }}"),
        ),
        (
            "Resource.AlreadyAssociated",
            format!("aws.ec2.SubnetRouteTableAssociation {{ route_table_id = \"{table}\", subnet_id = \"{subnet}\" }}"),
        ),
        (
            "InvalidGroup.Duplicate",
            format!("aws.ec2.SecurityGroup {{ vpc_id = \"{vpc}\", group_name = \"WEB\", group_description = \"x\" }}"),
        ),
        (
            "NetworkAclEntryAlreadyExists",
            format!(
                "aws.ec2.NetworkAclEntry {{ network_acl_id = \"{acl}\", rule_number = 7, protocol = -1, rule_action = \"allow\", cidr_block = 10.0.0.0/8 }}"
            ),
        ),
    ] {
        let mut other = Stack::within(cloud.clone(), "other", 7);
        assert_eq!(other.refused(&format!("resource x: {resource}")).await, code);
    }
}

/// What an update takes, the one before has to release: rehearsal and cloud agree.
#[tokio::test]
async fn a_rehearsal_finds_what_the_plan_cannot_order() {
    let mut stack = Stack::new(8);
    let logs = |names: [&str; 2]| {
        format!(
            "resource main: aws.ec2.VPC {{ cidr_block = 10.0.0.0/16 }}\n\
             resource a: aws.logs.LogGroup {{ log_group_name = \"{}\" }}\n\
             resource b: aws.logs.LogGroup {{ log_group_name = \"{}\" }}\n",
            names[0], names[1]
        )
    };
    let unknown = "/net/${main.vpc_id}";
    let prepared = stack.plan(&logs([unknown, unknown])).await.unwrap();
    let flaws = rehearse(registry(), &prepared).await.flaws;
    assert!(matches!(&flaws[..], [flaw] if matches!(flaw.snag, Snag::Taken { .. })), "{flaws:?}");
    assert_eq!(stack.refused(&logs([unknown, unknown])).await, "ResourceAlreadyExistsException");
}

/// Names, ranges and destinations that move at random among resources of random keys.
fn random(dice: &mut Dice) -> String {
    let mut text = groups("resource table: aws.ec2.RouteTable { vpc_id = main }\n");
    let mut numbers: Vec<usize> = (0..8).collect();
    for n in (1..8).rev() {
        numbers.swap(n, dice.below(n + 1));
    }
    for (key, number) in ["a", "b", "c", "d", "e"].into_iter().zip(numbers) {
        let first = if dice.percent(15) { ", @replace = \"create_first\"" } else { "" };
        if dice.percent(70) {
            // Ranges of different lengths at one place overlap, too.
            let range = format!("10.0.{}.0/{}", number * 16, 20 + dice.below(3));
            text += &format!("resource subnet_{key}: aws.ec2.Subnet {{ vpc_id = main, cidr_block = {range}{first} }}\n");
            if dice.percent(50) {
                text += &format!(
                    "resource tied_{key}: aws.ec2.SubnetRouteTableAssociation {{ route_table_id = table, subnet_id = subnet_{key} }}\n"
                );
            }
        }
        if dice.percent(60) {
            let vpc = if dice.percent(80) { "main" } else { "peer" };
            text += &format!(
                "resource group_{key}: aws.ec2.SecurityGroup {{ vpc_id = {vpc}, group_name = \"g{number}\", group_description = \"d{}\"{first} }}\n",
                dice.below(2)
            );
        }
        if dice.percent(60) {
            text += &format!("resource log_{key}: aws.logs.LogGroup {{ log_group_name = \"/{number}\"{first} }}\n");
        }
        if dice.percent(60) {
            text += &format!(
                "resource route_{key}: aws.ec2.Route {{ route_table_id = table, destination_cidr_block = 10.10{number}.0.0/16, transit_gateway_id = \"tgw-1\"{first} }}\n"
            );
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_accepted_plan_is_refused_however_claims_move() {
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let mut stack = Stack::new(seed);
        for _ in 0..6 {
            let text = random(&mut dice);
            match stack.apply(&text).await {
                Ok(()) => accepted += 1,
                Err(said) => {
                    assert!(said.contains("E0531") || said.contains("E0532"), "{said}");
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 30 && refused > 0, "{accepted} accepted, {refused} refused");
}
