//! The command line, as clap reads it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Infrastructure as code in the .plat language.
#[derive(Debug, Parser)]
#[command(name = "plat", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Start with `plat validate` in a folder of .plat files, then `plat plan --sandbox`: it needs no cloud account.")]
pub struct Cli {
    /// Colours: on a terminal (auto), always, or never
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorChoice,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a folder with a stack to begin with
    New(New),
    /// Check a stack: syntax, names, types, every environment
    Validate(Validate),
    /// Run the stack's tests, each in an embedded cloud of its own
    Test(Test),
    /// Format .plat files: one style, no options
    Fmt(Fmt),
    /// Show what an apply would do
    Plan(Plan),
    /// Make the cloud as the program says
    Apply(Apply),
    /// Delete everything that the state records, or a part of it
    Destroy(Destroy),
    /// Go back to what an earlier state records
    Rollback(Rollback),
    /// Settle what an apply that was cut off left open, and tell what became of it
    Recover(Recover),
    /// Tell what was changed outside plat
    Drift(Drift),
    /// Show what the state records
    Show(Show),
    /// Print the stack's outputs
    Output(Output),
    /// Look into the state, change it, bring an old one back
    #[command(subcommand)]
    State(State),
    /// Take an existing resource into the state, and print the .plat for it
    Import(Import),
    /// Fetch modules from elsewhere, and hold them to their sums
    #[command(subcommand)]
    Modules(Modules),
    /// Print what depends on what
    Graph(Graph),
    /// Compute expressions in a stack's scope, line by line
    Console(Console),
    /// Tell of a resource type, a component, a function, a type of value or a word of the language
    Docs(Docs),
    /// Tell the long story of an error code
    Explain(Explain),
    /// Print the completions of a shell
    Completions(Completions),
}

/// Which stack, which environment, which cloud.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Folder of the stack
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub common: StackOptions,
}

#[derive(Debug, Clone, Args)]
pub struct StackOptions {
    /// Environment of the stack; needed when it has several
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
    /// A param's value, as a .plat expression: `-p nodes=3`, `-p 'zones=["a", "b"]'`
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Use the embedded cloud: no account, no network, its own state
    #[arg(long)]
    pub sandbox: bool,
    /// Folder of local state; `.plat` in the stack's folder by default
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Validate {
    /// Folder of the stack
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Only this environment; all of them by default
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
    /// A param's value, as a .plat expression
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    pub params: Vec<String>,
    /// Print the diagnostics as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Modules {
    /// Fetch what is used, and write the sums of what is new into plat.lock
    Lock(ModulesFolder),
    /// Fetch what is used, and write all sums anew
    Update(ModulesFolder),
    /// Fetch what plat.lock names, and change nothing in it
    Fetch(ModulesFolder),
}

#[derive(Debug, Args)]
pub struct ModulesFolder {
    /// Folder of the stack
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub struct New {
    /// Name of the stack and its folder
    #[arg(value_name = "NAME")]
    pub name: PathBuf,
}

#[derive(Debug, Args)]
pub struct Console {
    #[command(flatten)]
    pub stack: StackArgs,
}

#[derive(Debug, Args)]
pub struct Test {
    /// Folder of the stack or module
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Only tests whose name has this in it
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    pub json: bool,
    /// Write the outcome to this file in JUnit's form, for a build server
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// How many tests to run at a time; as many as there are cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Fmt {
    /// Files and folders; `-` formats standard input to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and exit with 1 when there are any
    #[arg(long)]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Markdown,
    Json,
}

/// How a plan is made.
#[derive(Debug, Clone, Args)]
pub struct PlanOptions {
    /// Show every new resource with all its attributes
    #[arg(long)]
    pub full: bool,
    /// Take the state for the truth instead of reading what exists
    #[arg(long)]
    pub no_refresh: bool,
    /// Replace this resource although nothing forces it, or all that a pattern names
    #[arg(long, value_name = "ADDRESS")]
    pub replace: Vec<String>,
    #[command(flatten)]
    pub choice: ChoiceOptions,
    /// Only tell what was changed outside plat; an apply records it, and changes nothing in the cloud
    #[arg(long, conflicts_with_all = ["no_refresh", "replace", "chosen", "excluded"])]
    pub refresh_only: bool,
    #[command(flatten)]
    pub consent: ConsentOptions,
}

/// A part of the plan. Patterns are `net`, `net.*`, `sub["us-*"]`, or a file of the stack: `network.plat`.
#[derive(Debug, Clone, Args)]
pub struct ChoiceOptions {
    /// Only this, all inside it, and what it depends on; a pattern (`net.*`), or a file of the stack (`network.plat`)
    #[arg(id = "chosen", long = "target", value_name = "ADDRESS")]
    pub targets: Vec<String>,
    /// Everything but this, all inside it, and what depends on it; a pattern or a file, as for `--target`
    #[arg(id = "excluded", long = "exclude", value_name = "ADDRESS")]
    pub excluded: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ConsentOptions {
    /// Consent to losing this protected resource, or all in this component; `all` for every one
    #[arg(long, value_name = "ADDRESS")]
    pub consent_to_lose: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Plan {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub options: PlanOptions,
    /// Text for people, Markdown for a pull request's comment, JSON for programs
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub format: Format,
    /// The same as `--format json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Plan to delete everything, or what is chosen
    #[arg(long, conflicts_with = "refresh_only")]
    pub destroy: bool,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Carry the plan out on the embedded cloud, in memory, and tell what would be refused
    #[arg(long, conflicts_with = "refresh_only")]
    pub rehearse: bool,
    /// Save the plan, for `plat apply FILE` to carry out exactly this
    #[arg(long, value_name = "FILE", conflicts_with = "refresh_only")]
    pub out: Option<PathBuf>,
}

/// How a plan is carried out.
#[derive(Debug, Clone, Args)]
pub struct ApplyOptions {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Most calls to the cloud at a time; 64 by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub parallelism: Option<u16>,
    /// After a crash or a lost answer: how many seconds the cloud may hide what was created, before it counts as not created
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub consistency: u64,
    /// Wait this many seconds for another apply to end
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub lock_wait: u64,
    /// Do not carry the plan out on the embedded cloud first
    #[arg(long)]
    pub no_rehearse: bool,
    /// Save the way back, a plan for `plat apply FILE`, once this is done
    #[arg(long, value_name = "FILE")]
    pub inverse: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// Folder of the stack, or a plan that `plat plan --out` saved: it knows its stack, and is carried out without asking
    #[arg(value_name = "DIR|PLAN", default_value = ".")]
    pub target: PathBuf,
    /// Folder of the stack, when it is not where it was when the plan was saved
    #[arg(value_name = "DIR")]
    pub at: Option<PathBuf>,
    #[command(flatten)]
    pub common: StackOptions,
    #[command(flatten)]
    pub options: PlanOptions,
    #[command(flatten)]
    pub run: ApplyOptions,
    /// Print the outcome as JSON; asks nothing, so it needs `--yes`
    #[arg(long, requires = "yes")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Destroy {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub choice: ChoiceOptions,
    #[command(flatten)]
    pub consent: ConsentOptions,
    /// Take the state for the truth instead of reading what exists
    #[arg(long)]
    pub no_refresh: bool,
    #[command(flatten)]
    pub run: ApplyOptions,
    /// Print the outcome as JSON; asks nothing, so it needs `--yes`
    #[arg(long, requires = "yes")]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Rollback {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Serial of the state to go back to, as `plat state history` lists it; by default the one before the current one
    #[arg(long, value_name = "SERIAL")]
    pub to: Option<u64>,
    /// Only show the way back
    #[arg(long)]
    pub dry_run: bool,
    /// Save the way back, for `plat apply FILE` to carry out exactly this; nothing is done now
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Of the plan that is only shown: text, Markdown for a comment, JSON for programs
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub format: Format,
    /// Show every new resource with all its attributes
    #[arg(long)]
    pub full: bool,
    /// Take the state for the truth instead of reading what exists
    #[arg(long)]
    pub no_refresh: bool,
    #[command(flatten)]
    pub choice: ChoiceOptions,
    #[command(flatten)]
    pub consent: ConsentOptions,
    #[command(flatten)]
    pub run: ApplyOptions,
    /// Print the outcome as JSON, or the plan that is only shown; asks nothing, so it needs `--yes` or `--dry-run`
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Recover {
    #[command(flatten)]
    pub stack: StackArgs,
    /// How many seconds the cloud may hide what was created, before it counts as not created
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub consistency: u64,
    /// Wait this many seconds for another apply to end
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub lock_wait: u64,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Drift {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 2 when something was changed
    #[arg(long)]
    pub detailed_exitcode: bool,
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Output {
    /// Print only this one, bare
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub stack: StackAside,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// The stack of a command whose first words are something else.
#[derive(Debug, Clone, Args)]
pub struct StackAside {
    /// Folder of the stack
    #[arg(value_name = "DIR")]
    pub at: Option<PathBuf>,
    /// Folder of the stack, as an option
    #[arg(short = 'C', long, value_name = "DIR", conflicts_with = "at")]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub common: StackOptions,
}

impl StackAside {
    pub fn stack(self) -> StackArgs {
        StackArgs { dir: self.at.or(self.dir).unwrap_or_else(|| PathBuf::from(".")), common: self.common }
    }
}

#[derive(Debug, Subcommand)]
pub enum State {
    /// List the resources that the state records
    List(StateList),
    /// Show one of them with all its attributes
    Show(StateShow),
    /// List the snapshots that are kept
    History(StateList),
    /// Make an old snapshot the current state
    Restore(StateRestore),
    /// Put the state under the key that the stack says, or under the passphrase of PLAT_STATE_NEW_PASSPHRASE
    Rekey(StateRekey),
    /// Give a resource, all of a component or all of a key another address; the cloud is not touched
    Mv(StateMv),
    /// Forget a resource, or all in a component, without deleting it
    Rm(StateRm),
    /// Print the state in its stored form, for `push` and for a backup
    Pull(StatePull),
    /// Put a state in the place of the current one: of the same lineage, and of the current serial or the next
    Push(StatePush),
    /// Show what differs between two states: the current one and the one before it, or those that are named
    Diff(StateDiff),
    /// Break the lock of a process that is gone, in an object store
    Unlock(StateUnlock),
}

#[derive(Debug, Args)]
pub struct StatePull {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print the key of the secrets' fingerprints in plain, to push the state to another place
    #[arg(long)]
    pub with_key: bool,
}

#[derive(Debug, Args)]
pub struct StateMv {
    /// Address it has; what lies inside it goes along
    pub from: String,
    /// Address it gets; keys that are not named stay
    pub to: String,
    #[command(flatten)]
    pub stack: StackAside,
    /// Wait this many seconds for another apply to end
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub lock_wait: u64,
}

#[derive(Debug, Args)]
pub struct StateRm {
    /// Address to forget; what lies inside it goes along
    pub address: String,
    #[command(flatten)]
    pub stack: StackAside,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Wait this many seconds for another apply to end
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub lock_wait: u64,
}

#[derive(Debug, Args)]
pub struct StatePush {
    /// File with the state, as `plat state pull` prints it; `-` reads standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub stack: StackAside,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Wait this many seconds for another apply to end
    #[arg(long, value_name = "SECONDS", default_value = "0")]
    pub lock_wait: u64,
}

#[derive(Debug, Args)]
pub struct StateDiff {
    /// Serials of one or two snapshots, as `plat state history` lists them
    #[arg(value_name = "SERIAL", num_args = 0..=2)]
    pub serials: Vec<u64>,
    #[command(flatten)]
    pub stack: StackOption,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StateUnlock {
    /// Epoch of the lock, as the message of the refused command names it
    pub epoch: u64,
    #[command(flatten)]
    pub stack: StackAside,
}

/// The stack of a command that takes any number of words.
#[derive(Debug, Clone, Args)]
pub struct StackOption {
    /// Folder of the stack
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub common: StackOptions,
}

impl StackOption {
    pub fn stack(self) -> StackArgs {
        StackArgs { dir: self.dir, common: self.common }
    }
}

#[derive(Debug, Args)]
pub struct StateList {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StateShow {
    /// Address of the resource: `net.private["us-west-2a"]`
    pub address: String,
    #[command(flatten)]
    pub stack: StackAside,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StateRekey {
    #[command(flatten)]
    pub stack: StackArgs,
}

#[derive(Debug, Args)]
pub struct StateRestore {
    /// Serial of the snapshot, as `plat state history` lists it
    pub serial: u64,
    #[command(flatten)]
    pub stack: StackAside,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// Address it gets: `net.vpc`
    pub address: String,
    /// Its id in the cloud, as `plat docs TYPE` tells
    pub id: String,
    #[command(flatten)]
    pub stack: StackAside,
    /// Its type, when the program does not declare the address yet: `aws.ec2.VPC`
    #[arg(long = "type", value_name = "TYPE")]
    pub type_name: Option<String>,
}

#[derive(Debug, Args)]
pub struct Graph {
    #[command(flatten)]
    pub stack: StackArgs,
    /// Print as JSON instead of DOT
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Docs {
    /// `aws.ec2.VPC`, `std.network.Network`, `Cidr.subnet`, `resource`; without it everything is listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Folder of the stack whose own components are told too
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// `E0203`; without it all codes are listed
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}
