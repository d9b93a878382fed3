//! A mistake of plat's own ends in one error like every other, without a trace of the stack.

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal::Terminal;

/// Shows the stack's trace as well, for whoever looks for the mistake.
const TRACE: &str = "PLAT_BACKTRACE";

/// From now on, the first panic is told as an error; those that follow from it are not.
pub fn tell(terminal: &Arc<Terminal>) {
    let (terminal, told) = (terminal.clone(), AtomicBool::new(false));
    std::panic::set_hook(Box::new(move |panic| {
        if told.swap(true, Ordering::SeqCst) {
            return;
        }
        let help = "run the command again; if it ends the same way, report it with this line. The next apply recovers what was under way";
        terminal.error(&text(panic), Some(help));
        if std::env::var_os(TRACE).is_some() {
            terminal.note(&format!("{}\n", std::backtrace::Backtrace::force_capture()));
        }
    }));
}

fn text(panic: &PanicHookInfo<'_>) -> String {
    let problem = panic.payload_as_str().unwrap_or("it does not say why");
    let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    format!("plat cannot go on: {problem}{place}")
}
