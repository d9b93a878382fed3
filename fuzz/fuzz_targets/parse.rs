//! Any text can be parsed: into a tree, or into errors whose places lie in the text.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use plat::source::FileId;

fuzz_target!(|text: &str| {
    let parsed = plat::syntax::parse(FileId(0), &Arc::from(text));
    for diagnostic in &parsed.diagnostics {
        assert!(text.get(diagnostic.span.range()).is_some(), "{diagnostic} has a place outside of the text");
    }
});
