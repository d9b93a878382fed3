//! What is formatted stays so when it is formatted again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plat::format::format;
use plat::source::FileId;

fuzz_target!(|text: &str| {
    if let Ok(once) = format(FileId(0), text) {
        assert_eq!(format(FileId(0), &once).as_deref(), Ok(once.as_str()));
    }
});
