//! Any text can be a saved plan: it is read or refused, and what is read can be held against a state. It gets the checksum that
//! state/saved-plan.md describes, without which nearly every one would be refused for that alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plat::plan::saved::SavedPlan;
use plat::state::{StateFile, sha256_hex};

fuzz_target!(|text: &str| {
    let _ = SavedPlan::decode(text.as_bytes());
    let sealed = format!("{},\n  \"seal\": \"{}\"", text.strip_suffix("\n}").unwrap_or(text), "0".repeat(64));
    let bytes = format!("{sealed},\n  \"sum\": \"{}\"\n}}\n", sha256_hex(sealed.as_bytes()));
    if let Ok(saved) = SavedPlan::decode(bytes.as_bytes()) {
        let state = StateFile::new(saved.stack.clone(), saved.env.clone()).expect("a new state");
        assert!(!matches!(saved.misfit(bytes.as_bytes(), &state, false), Ok(None)), "a plan that nobody sealed fits");
        let _ = saved.options(None);
        let _ = saved.changed_sources(&[]);
    }
});
