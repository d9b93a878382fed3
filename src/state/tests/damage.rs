//! Damage is found wherever it is, named, and never taken for an empty state.

use std::fs;

use super::super::{Loaded, StateError, StateStore as _};
use super::*;

/// Two snapshots, and a journal with one operation done and one open.
fn used(registry: &Registry) -> Folder {
    let folder = Folder::new();
    let (session, mut loaded) = folder.store().open(&options("plat apply"), registry).unwrap();
    session.begin(&mut loaded.state, "a").unwrap();
    loaded.state.resources = sample().resources;
    session.finish(&mut loaded.state).unwrap();
    drop(session);
    let (session, mut loaded) = folder.store().open(&options("plat apply"), registry).unwrap();
    session.begin(&mut loaded.state, "b").unwrap();
    session.intents(vec![intent(10), intent(11)]).unwrap();
    session.accepted("op-10", &subnet(10).id).unwrap();
    session.done("op-10", Some(&subnet(10))).unwrap();
    folder
}

fn current_files(folder: &Folder) -> Vec<PathBuf> {
    let snapshots = files(&folder.path().join(".plat/state/shop/dev/snapshots"));
    let mut all = files(folder.path());
    all.retain(|file| file.file_name().unwrap() != "lock" && (!snapshots.contains(file) || Some(file) == snapshots.last()));
    all
}

fn load(folder: &Folder, registry: &Registry) -> Result<Loaded, StateError> {
    folder.store().load(registry)
}

#[test]
fn every_cut_of_every_file_is_found() {
    let registry = registry();
    let folder = used(&registry);
    let whole = load(&folder, &registry).unwrap();
    let mut cuts = 0;
    for file in current_files(&folder) {
        let bytes = fs::read(&file).unwrap();
        cuts += bytes.len();
        let journal = file.extension().is_some_and(|end| end == "jsonl");
        let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
        for cut in 0..bytes.len() {
            fs::write(&file, &bytes[..cut]).unwrap();
            match load(&folder, &registry) {
                // The lines before the cut, as after a crash that came in the middle of an append.
                Ok(loaded) if journal && cut + 1 >= ends[0] => {
                    assert!(loaded.state.resources.len() >= 4 && !loaded.new);
                    assert!(loaded.pending.len() <= 2);
                }
                Ok(_) => panic!("{} cut at {cut} passed", file.display()),
                Err(StateError::Damaged { newest_good, .. }) => assert!(newest_good.is_some()),
                Err(other) => panic!("{} cut at {cut}: {other}", file.display()),
            }
        }
        fs::write(&file, &bytes).unwrap();
        assert_eq!(load(&folder, &registry).unwrap(), whole);
    }
    println!("reliability: state and journal in a folder: every cut ({cuts}) found, 0 panics, 0 taken for empty");
}

#[test]
fn every_flip_of_every_file_is_found() {
    let registry = registry();
    let folder = used(&registry);
    let mut flips = 0;
    for file in current_files(&folder) {
        let bytes = fs::read(&file).unwrap();
        // What follows the last newline is a line without its end. A flipped last newline makes the last line one.
        let last_newline = file.extension().is_some_and(|end| end == "jsonl").then(|| bytes.len() - 1);
        for at in (0..bytes.len()).filter(|at| Some(*at) != last_newline) {
            let mut flipped = bytes.clone();
            for bit in [0, 3, 5, 6] {
                flipped[at] = bytes[at] ^ (1 << bit);
                fs::write(&file, &flipped).unwrap();
                let outcome = load(&folder, &registry);
                assert!(matches!(outcome, Err(StateError::Damaged { .. })), "{} byte {at} bit {bit}", file.display());
                flips += 1;
            }
        }
        fs::write(&file, &bytes).unwrap();
    }
    assert!(flips > 10_000, "{flips}");
    println!("reliability: state and journal in a folder: {flips} flips found, 0 panics, 0 taken for empty");
}

#[test]
fn a_lost_file_is_not_an_empty_state() {
    let registry = registry();
    let folder = used(&registry);
    for file in current_files(&folder) {
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let error = load(&folder, &registry).unwrap_err();
        let snapshot = file.to_string_lossy().contains("snapshots");
        let good = if snapshot { 0 } else { 1 };
        let expected = format!(
            "`{}` is damaged: it is missing; the newest good snapshot is serial {good}: `plat state restore {good}` brings it back",
            file.display()
        );
        assert_eq!(error.to_string(), expected);
        assert!(folder.store().open(&options("plat apply"), &registry).is_err());
        fs::write(&file, &bytes).unwrap();
    }
    assert!(load(&folder, &registry).is_ok());
}

#[test]
fn an_old_snapshot_comes_back_whatever_is_damaged() {
    let registry = registry();
    for victim in 0..3 {
        let folder = used(&registry);
        let file = current_files(&folder)[victim].clone();
        fs::write(&file, b"").unwrap();
        let error = load(&folder, &registry).unwrap_err();
        let StateError::Damaged { newest_good: Some(good), .. } = error else { panic!("{error}") };
        let restored = folder.store().restore(good, &options("plat state restore"), &registry).unwrap();
        assert_eq!(restored.serial, 2);
        assert!(fs::metadata(restored.journal.unwrap()).is_ok(), "the journal is kept aside");
        let after = load(&folder, &registry).unwrap();
        assert_eq!(after.state.resources.len(), if good == 1 { 4 } else { 0 });
        assert!(after.pending.is_empty() && after.state.serial == 2);
    }
}

#[test]
fn another_stacks_state_is_refused() {
    let registry = registry();
    let folder = used(&registry);
    let dev = folder.path().join(".plat/state/shop/dev");
    copy_folder(&dev, &folder.path().join(".plat/state/shop/prod"));
    let error = LocalStore::new(folder.path(), "shop", "prod").load(&registry).unwrap_err();
    assert!(matches!(&error, StateError::Foreign { found, wanted, .. } if found == "shop · dev" && wanted == "shop · prod"), "{error}");
}
