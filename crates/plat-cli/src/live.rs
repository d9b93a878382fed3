//! What an apply is doing, on a terminal or in a log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration as Time, Instant};

use plat::apply::{Cancel, Event, Happened, Observer, Stop};
use plat::plan::Plan;
use plat::render::{Style, Tracker, line};
use plat::value::Duration;

use crate::terminal::Terminal;

/// Between two drawings of the block.
const FRAME: Time = Time::from_millis(100);
/// Between two signs of life where there is no terminal.
const SIGN_OF_LIFE: Time = Time::from_secs(30);

/// Hears of an apply's events and shows them.
pub struct Live {
    terminal: Arc<Terminal>,
    cancel: Cancel,
    started: Instant,
    quiet: bool,
    over: AtomicBool,
    screen: Mutex<Screen>,
}

struct Screen {
    tracker: Tracker,
    /// Rows of the block that stand on the terminal now.
    rows: usize,
    drawn: Instant,
}

impl Live {
    /// `quiet`: only failures are told, at the end.
    pub fn new(plan: &Plan, terminal: Arc<Terminal>, cancel: Cancel, quiet: bool) -> Arc<Self> {
        let now = Instant::now();
        let screen = Screen { tracker: Tracker::new(plan), rows: 0, drawn: now };
        Arc::new(Self { terminal, cancel, started: now, quiet, over: AtomicBool::new(false), screen: Mutex::new(screen) })
    }

    pub fn elapsed(&self) -> Duration {
        Duration(i64::try_from(self.started.elapsed().as_secs()).unwrap_or(i64::MAX))
    }

    /// What the events came to so far.
    pub fn tracker(&self) -> Tracker {
        self.lock().tracker.clone()
    }

    /// Redraws until [`Live::end`]; a thread of its own, so that a busy or waiting apply does not stop it.
    pub fn watch(self: &Arc<Self>) -> std::thread::JoinHandle<()> {
        let live = Arc::clone(self);
        std::thread::spawn(move || {
            while !live.over.load(Ordering::Relaxed) {
                std::thread::park_timeout(FRAME);
                live.tick();
            }
        })
    }

    /// Takes the block away; nothing is drawn after it.
    pub fn end(&self, watcher: std::thread::JoinHandle<()>) {
        self.over.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        // A panic of the drawing thread costs the drawing, not the apply.
        let _ = watcher.join();
        let mut screen = self.lock();
        let clear = screen.clear();
        self.terminal.note(&clear);
    }

    fn tick(&self) {
        let mut screen = self.lock();
        if self.quiet || self.over.load(Ordering::Relaxed) {
            return;
        }
        let progress = screen.tracker.progress(self.elapsed(), self.cancel.stop() != Stop::No);
        if self.terminal.live {
            let drawn = screen.redraw(&progress.block(self.terminal.err));
            self.terminal.note(&drawn);
        } else if screen.drawn.elapsed() >= SIGN_OF_LIFE {
            screen.drawn = Instant::now();
            self.terminal.note(&format!("{}\n", progress.sign_of_life()));
        }
    }

    /// A line that stays, above the block.
    fn say(&self, screen: &mut Screen, text: &str) {
        if self.quiet {
            return;
        }
        let clear = screen.clear();
        screen.drawn = Instant::now();
        self.terminal.note(&format!("{clear}{text}\n"));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Live {
    fn event(&self, event: &Event) {
        let mut screen = self.lock();
        screen.tracker.event(event, self.elapsed());
        let style = self.terminal.err;
        if let Some(text) = told(event, style, self.terminal.live) {
            self.say(&mut screen, &text);
        }
    }
}

/// The line for an event that has one. On a terminal the block shows what runs, so only the ends have.
fn told(event: &Event, style: Style, live: bool) -> Option<String> {
    let verb = Tracker::verb(event.doing);
    let took = |time: &Time| Some(Duration(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)));
    match &event.what {
        Happened::Started => (!live).then(|| line(verb, &event.address, None, None, style)),
        Happened::Finished { unchanged: true, .. } => None,
        Happened::Finished { elapsed, id, .. } => Some(line(verb, &event.address, id.as_deref(), took(elapsed), style)),
        Happened::Failed { error, .. } => {
            let what = plat::render::clean_line(&format!("{} {}: {error}", verb.doing(), event.address)).into_owned();
            Some(format!("{} {what}", style.paint(plat::render::Role::Error, "failed    ")))
        }
        Happened::Progress { .. } | Happened::Accepted { .. } | Happened::Skipped { .. } => None,
    }
}

impl Screen {
    /// What takes the block off the terminal.
    fn clear(&mut self) -> String {
        match std::mem::take(&mut self.rows) {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            rows => format!("\r\x1b[{}A\x1b[J", rows - 1),
        }
    }

    fn redraw(&mut self, block: &str) -> String {
        let clear = self.clear();
        self.rows = block.lines().count();
        format!("{clear}{block}")
    }
}
