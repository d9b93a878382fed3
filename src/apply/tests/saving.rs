//! Saved plans: their bytes, and what voids them.

use super::*;
use crate::plan::saved::{Misfit, SavedPlan, Terms};

fn saved(bench: &Bench, prepared: &Prepared) -> (SavedPlan, Vec<u8>) {
    let plan = SavedPlan::of(prepared, Terms { refresh: true, ..Terms::default() }, Vec::new(), false, 1).unwrap();
    let bytes = plan.encode(&bench.state).unwrap();
    (plan, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_survives_its_bytes_and_every_damage_shows() {
    let mut bench = Bench::new();
    let program = Program::new().with("a", "t.Thing", &[("name", text("a"))]).with(
        "b",
        "t.Thing",
        &[("name", text("b")), ("link", of("a", "thing_id"))],
    );
    let (plan, bytes) = saved(&bench, &bench.prepare(&program).await.unwrap());
    assert_eq!(SavedPlan::decode(&bytes).unwrap(), plan);
    for end in 0..bytes.len() {
        assert!(SavedPlan::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            assert!(SavedPlan::decode(&flipped).is_err(), "byte {at}, bit {bit}");
        }
    }
    assert_eq!(plan.misfit(&bytes, &bench.state, false).unwrap(), None);
    let other = StateFile { lineage: bench.state.lineage.clone(), ..StateFile::new("stack", "default").unwrap() };
    assert_eq!(plan.misfit(&bytes, &other, false).unwrap(), Some(Misfit::Forged), "sealed with another state's key");
    plan.use_up(&mut bench.state);
    assert_eq!(plan.misfit(&bytes, &bench.state, false).unwrap(), Some(Misfit::Used));
}
