//! How the executable is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // At a fixed address, like what Go links: with the AWS SDK there are 290,000 addresses in the file, and a loader that has to correct
    // each of them before `main` takes 10 MB and 3 ms for it. What is on the heap and the stack lies at random addresses all the same.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
