//! Any text can be checked, and what passes can be evaluated, in each of its environments.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use plat::check::check_text;
use plat::eval::evaluate;
use plat::plan::Answers;
use plat::schema::Registry;

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| Arc::new(Registry::new(plat_aws::schemas())));

fuzz_target!(|text: &str| {
    let checked = check_text("main.plat", text, &REGISTRY, &[]);
    if let Some(program) = &checked.program {
        let _ = evaluate(program, None, &Answers::new());
        for env in &program.envs {
            let _ = evaluate(program, Some(&env.name.node), &Answers::new());
        }
    }
});
