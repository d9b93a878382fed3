//! `plat new`.

use super::{NETWORK, Stack};

#[test]
fn a_new_stack_is_right_is_tested_and_can_be_planned() {
    let place = Stack::new(NETWORK);
    let made = place.plat(&["new", "my-shop"]).ends(0);
    assert!(made.out.contains("`my_shop`") && made.out.contains("plat test"), "{}", made.out);
    let valid = place.plat(&["validate", "my-shop"]).ends(0);
    assert_eq!(valid.err, "", "nothing in it is even warned of");
    let tested = place.plat(&["test", "my-shop"]).ends(0);
    assert!(tested.out.starts_with("Tests: 2 passed."), "{}", tested.out);
    for env in ["dev", "production"] {
        let plan = place.sandbox(&["plan", "my-shop", "-e", env]).ends(0);
        assert!(plan.out.starts_with(&format!("my_shop · {env} · us-east-1")), "{}", plan.out);
    }
    place.sandbox(&["apply", "my-shop", "-e", "dev", "--yes"]).ends(0);
    place.sandbox(&["plan", "my-shop", "-e", "dev", "--detailed-exitcode"]).ends(0);
    let ignored = std::fs::read_to_string(place.path().join("my-shop/.gitignore")).unwrap();
    assert_eq!(ignored, ".plat/\n", "what an apply leaves is not committed by accident");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let place = Stack::new(NETWORK);
    let before = std::fs::read_to_string(place.path().join("main.plat")).unwrap();
    let used = place.plat(&["new", "."]).ends(1);
    assert!(used.err.contains("is not empty: `main.plat` is in it"), "{}", used.err);
    let file = place.plat(&["new", "main.plat"]).ends(1);
    assert!(file.err.contains("is not a folder"), "{}", file.err);
    assert_eq!(std::fs::read_to_string(place.path().join("main.plat")).unwrap(), before);
    // An empty folder, and one that is a fresh repository, are as good as none.
    std::fs::create_dir_all(place.path().join("empty/.git")).unwrap();
    for (file, text) in [("README.md", "# mine\n"), (".gitignore", "target")] {
        std::fs::write(place.path().join("empty").join(file), text).unwrap();
    }
    place.plat(&["new", "empty"]).ends(0);
    let kept = |file: &str| std::fs::read_to_string(place.path().join("empty").join(file)).unwrap();
    assert_eq!((kept("README.md").as_str(), kept(".gitignore").as_str()), ("# mine\n", "target\n.plat/\n"));
    let made = place.plat(&["new", "a place"]).ends(0);
    assert!(made.out.contains("  cd 'a place'\n"), "{}", made.out);
    assert!(place.path().join("empty/main.plat").is_file());
    for name in ["9lives", "match", "..."] {
        let wrong = place.plat(&["new", name]).ends(64);
        assert!(wrong.err.contains("gives no name for a stack"), "{}", wrong.err);
        assert!(!place.path().join(name).exists(), "{name}");
    }
}
