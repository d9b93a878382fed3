//! A stack of forty resources, killed at the boundaries of its apply: before and after each changing call, those that write the state to a
//! bucket among them, and at each line of the journal in a folder. The next apply goes on; the witness sees everything once.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use super::cloud::Cloud;
use super::fault::{Fault, Rule};
use super::plat::Project;
use super::witness::Inventory;
use crate::figures::{reached, spread};

const REGION: &str = "us-west-2";
const BUCKET: &str = "plat-states";
/// What a process dies of that writes beyond the size its files may have.
const SIGXFSZ: i32 = 25;

/// The stack with its state in one of the two places.
struct Forty {
    cloud: Cloud,
    remote: bool,
    wanted: Vec<(String, usize)>,
    calls: usize,
}

impl Forty {
    /// Applies it undisturbed, to see what there is to be.
    fn new(remote: bool) -> Self {
        let mut forty = Self { cloud: Cloud::start(), remote, wanted: Vec::new(), calls: 0 };
        let project = forty.begun();
        project.apply(&forty.cloud);
        forty.calls = forty.cloud.proxy.ledger().mutations().len();
        let recorded = project.run(&forty.cloud, "show", &["--json"]).ends(0).json();
        assert_eq!(recorded["resources"].as_array().expect("a list").len(), 40);
        forty.wanted = forty.counts();
        forty
    }

    fn counts(&self) -> Vec<(String, usize)> {
        Inventory::of(&self.cloud, REGION).counts().into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect()
    }

    /// An account with nothing in it but the bucket, and a project that was never applied.
    fn begun(&self) -> Project {
        self.cloud.reset();
        if self.remote {
            self.cloud.make_bucket(BUCKET);
        }
        self.cloud.proxy.take_ledger();
        let project = Project::of_tests("forty", "test");
        if self.remote { project } else { project.with_local_state() }
    }

    /// Killed before or after the `nth` changing call. Answers whether it came to it: what is written at the same time is sometimes one call.
    fn killed_at_call(&self, nth: usize, fault: Fault) -> bool {
        let case = format!("killed at changing call {nth} of {}, {fault:?}", self.calls);
        let project = self.begun();
        self.cloud.proxy.inject(Rule::new(fault).mutating().nth(nth));
        let mut child = project.start(&self.cloud, "apply", &["--yes"]);
        let held = loop {
            match self.cloud.proxy.wait_held(Duration::from_millis(200)) {
                Some(held) => break Some(held),
                None if child.try_wait().expect("the state of a child").is_some() => break None,
                None => {}
            }
        };
        if held.is_some() {
            child.kill().expect("a running plat");
        }
        child.wait().expect("a plat that ended");
        self.goes_on(&project, &format!("{case}, {}", held.as_ref().map_or("never", |held| &held.operation)));
        held.is_some()
    }

    /// Dies of the write that makes a file larger than `size`. Answers whether it came to that.
    fn dies_of_size(&self, size: u64) -> bool {
        let project = self.begun();
        let limit = format!("--fsize={size}");
        let mut command = project.wrapped(&["prlimit", &limit, "--core=0"], &self.cloud, "apply", &["--yes"]);
        let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("prlimit runs");
        let died = ended.signal() == Some(SIGXFSZ);
        assert!(died || ended.code() == Some(0), "files of at most {size} bytes: {ended}");
        self.goes_on(&project, &format!("died of a file of {size} bytes"));
        died
    }

    fn goes_on(&self, project: &Project, case: &str) {
        self.cloud.proxy.heal();
        self.cloud.proxy.settle();
        let mut run = project.go_on(&self.cloud);
        // The lease would end by itself after a minute.
        if let (4, Some(epoch)) = (run.code.unwrap_or(-1), epoch(&run.err)) {
            project.unlock(&self.cloud, &epoch).ends(0);
            run = project.go_on(&self.cloud);
        }
        assert_eq!(run.code, Some(0), "{case}: {run}");
        assert_eq!(self.counts(), self.wanted, "{case}");
        let plan = project.run(&self.cloud, "plan", &["--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{case}: {plan}");
    }

    /// Where the lines of an undisturbed apply's journal end, but for the last ones.
    fn journal(&self) -> Vec<u64> {
        let project = self.begun();
        self.cloud.proxy.inject(Rule::new(Fault::HoldAfter).mutating().nth(self.calls));
        let mut child = project.start(&self.cloud, "apply", &["--yes"]);
        self.cloud.proxy.wait_held(Duration::from_secs(120)).expect("the apply comes to its last call");
        child.kill().expect("a running plat");
        child.wait().expect("a killed plat");
        let is_journal = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
        let journal = project.written().into_iter().find(is_journal).expect("a journal");
        let bytes = std::fs::read(journal).expect("a readable journal");
        (1..).zip(bytes).filter_map(|(end, byte)| (byte == b'\n').then_some(end)).collect()
    }
}

/// The number in ``plat state unlock 3``.
fn epoch(said: &str) -> Option<String> {
    let digits: String = said.split_once("state unlock ")?.1.chars().take_while(char::is_ascii_digit).collect();
    Some(digits).filter(|digits| !digits.is_empty())
}

/// At the changing calls, as many of their boundaries as `PLAT_WIRE_BOUNDARIES` says.
fn at_calls(forty: &Forty, default: u64) -> (usize, usize) {
    let all = 2 * forty.calls;
    let points = spread("PLAT_WIRE_BOUNDARIES", default, all.try_into().expect("a number of calls"));
    let killed = |point: &&u64| {
        let point = usize::try_from(**point).expect("a number of calls");
        forty.killed_at_call(point.div_ceil(2), if point % 2 == 1 { Fault::HoldBefore } else { Fault::HoldAfter })
    };
    (points.iter().filter(killed).count(), all)
}

#[test]
fn with_its_state_in_a_bucket() {
    let forty = Forty::new(true);
    let (killed, all) = at_calls(&forty, 4);
    reached(&format!(
        "40 resources over emulated AWS, state in S3: killed at {killed} of {all} boundaries of calls and state, 0 orphans, 0 duplicates, empty plan"
    ));
}

#[test]
fn with_its_state_in_a_folder() {
    let forty = Forty::new(false);
    let (killed, all) = at_calls(&forty, 2);
    let lines = forty.journal();
    let points = spread("PLAT_WIRE_BOUNDARIES", 2, lines.len().try_into().expect("a number of lines"));
    let died = points.iter().filter(|point| forty.dies_of_size(lines[usize::try_from(**point).expect("a line") - 1])).count();
    assert!(died > 0);
    reached(&format!(
        "40 resources over emulated AWS, state in a folder: killed at {killed} of {all} boundaries of calls and at {died} of {} lines of the journal, 0 orphans, 0 duplicates, empty plan",
        lines.len()
    ));
}
