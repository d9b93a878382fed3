//! Files that are none, or not the project's.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::Project;

const OUTSIDE: &str = "is outside the project";

#[test]
fn nothing_outside_the_project_is_read() {
    let project = Project::of("stack s {}\n");
    std::fs::write(project.folder.path().join("secret.plat"), "let secret = 1\n").unwrap();
    symlink(project.folder.path().join("secret.plat"), project.path().join("link.plat")).unwrap();
    project.run("a link to a file", &["plan", "--sandbox"]).is_one_error(OUTSIDE);

    let project = Project::of("stack s {}\nuse \"part\".{A}\n");
    std::fs::create_dir(project.folder.path().join("elsewhere")).unwrap();
    std::fs::write(project.folder.path().join("elsewhere/a.plat"), "component A {}\n").unwrap();
    symlink(project.folder.path().join("elsewhere"), project.path().join("part")).unwrap();
    project.run("a link to a folder", &["plan", "--sandbox"]).is_one_error(OUTSIDE);

    for (name, path) in
        [("a path upwards", "../../elsewhere"), ("a path from the top", "/etc"), ("a way around", "../stack/../../elsewhere")]
    {
        project.write("main.plat", format!("stack s {{}}\nuse \"{path}\".{{A}}\n"));
        project.run(name, &["plan", "--sandbox"]).is_one_error(OUTSIDE);
    }
    for (name, path) in
        [("a file upwards", "../elsewhere/a.plat"), ("a file from the top", "/etc/passwd"), ("a file by a link", "stack/part/a.plat")]
    {
        project.write("main.plat", format!("stack s {{}}\noutput a: String = file(\"{path}\")\n"));
        project.run(name, &["plan", "--sandbox"]).is_one_error(OUTSIDE);
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let pipe = |path: &std::path::Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let project = Project::of("stack s {}\n");
    pipe(&project.path().join("pipe.plat"));
    project.run("a pipe in the stack", &["plan", "--sandbox"]).is_one_error("is not a regular file");
    project.run("a pipe that is to be formatted", &["fmt", "pipe.plat"]).is_one_error("is not a regular file");
    assert_eq!(project.run("a pipe among what is to be formatted", &["fmt"]).code, Some(0));

    let project = Project::of("stack s {}\nuse \"part\".{A}\n");
    project.write("part/a.plat", "component A {}\n");
    pipe(&project.path().join("part/pipe.plat"));
    project.run("a pipe in a module", &["plan", "--sandbox"]).is_one_error("is not a regular file");
    project.write("main.plat", "stack s {}\noutput a: String = file(\"stack/part/pipe.plat\")\n");
    project.run("a pipe as a text", &["plan", "--sandbox"]).is_one_error("is not a regular file");

    let project = Project::of("stack s {}\n");
    std::fs::create_dir(project.path().join("folder.plat")).unwrap();
    project.run("a folder with a file's name", &["plan", "--sandbox"]).is_one_error("is not a regular file");
    let project = Project::of("stack s {}\n");
    symlink(project.path().join("round.plat"), project.path().join("round.plat")).unwrap();
    project.run("a link to itself", &["plan", "--sandbox"]).is_one_error("round.plat");
    symlink("/dev/zero", project.path().join("zero.plat")).unwrap();
    std::fs::remove_file(project.path().join("round.plat")).unwrap();
    project.run("a device", &["plan", "--sandbox"]).is_one_error(OUTSIDE);
}

#[test]
fn huge_files_are_refused_before_they_are_read() {
    let project = Project::of("stack s {}\n");
    let file = std::fs::File::create(project.path().join("huge.plat")).unwrap();
    file.set_len(100 << 20).unwrap();
    project.run("a line of 100 MB", &["plan", "--sandbox"]).is_one_error("a source file has at most");
    file.set_len(1 << 40).unwrap();
    project.run("a file of a terabyte with nothing in it", &["plan", "--sandbox"]).is_one_error("a source file has at most");
    project.run("the same, formatted", &["fmt", "huge.plat"]).is_one_error("a source file has at most");
}

#[test]
fn modules_may_use_each_other() {
    let project = Project::of("stack s {}\nuse \"a\".{A}\nresource a: A {}\n");
    project.write("a/a.plat", "use \"../b\".{B}\ncomponent A {\n  resource b: B {}\n}\n");
    project.write("b/b.plat", "use \"../a\".{A}\ncomponent B {\n  resource a: A {}\n}\n");
    project.run("components in a circle of modules", &["plan", "--sandbox"]).is_one_error("error[E0");
    project.write("b/b.plat", "use \"../a\".{A}\ncomponent B {\n  param a: Int = 1\n}\n");
    project.takes("modules in a circle");
    project.write("main.plat", "stack s {}\nuse \".\".{A}\n");
    project.run("a module that uses itself", &["plan", "--sandbox"]).is_one_error("error[E0");
    let project = Project::of("stack s {}\nuse \"m0\".{C}\nresource c: C {}\n");
    for i in 0..300 {
        project.write(format!("m{i}/a.plat"), format!("use \"../m{}\".{{C as D}}\ncomponent C {{\n  resource d: D {{}}\n}}\n", i + 1));
    }
    project.write("m300/a.plat", "component C {\n  param a: Int = 1\n}\n");
    let said = project.run("a long row of modules", &["plan", "--sandbox"]);
    assert!(matches!(said.code, Some(0 | 1)), "{:?} {}", said.code, said.text);
    said.in_few_words();
}
