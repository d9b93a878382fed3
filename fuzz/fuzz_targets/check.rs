//! Any text can be checked, and what passes can be evaluated.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use plat::check::check_text;
use plat::eval::evaluate;
use plat::plan::Answers;
use plat::schema::Registry;

fuzz_target!(|text: &str| {
    let checked = check_text("main.plat", text, &Arc::new(Registry::default()), &[]);
    if let Some(program) = &checked.program {
        let _ = evaluate(program, None, &Answers::new());
    }
});
