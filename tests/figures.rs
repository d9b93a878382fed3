//! The figures of docs/reliability.md: how much of something a run tries, and how it tells what came of it.
//!
//! A run of the test suite reaches the figures that are promised for each run. `tests/reliability` asks for the long ones.

/// What the environment asks for, or `default`.
pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

/// Of the points 1 to `all`, some that are spread evenly: as many as the environment asks for, or `default`; 0 is all.
pub fn spread(variable: &str, default: u64, all: u64) -> Vec<u64> {
    let wanted = match number(variable, default) {
        0 => all,
        wanted => wanted.min(all),
    };
    (0..wanted).map(|i| 1 + i * (all - 1) / (wanted - 1).max(1)).collect()
}

/// Tells a figure that was reached; `tests/reliability` prints these lines.
pub fn reached(figure: &str) {
    println!("reliability: {figure}");
}

#[test]
fn points_are_spread_from_the_first_to_the_last() {
    assert_eq!(spread("PLAT_NO_SUCH_FIGURE", 4, 10), [1, 4, 7, 10]);
    assert_eq!(spread("PLAT_NO_SUCH_FIGURE", 20, 3), [1, 2, 3]);
    assert_eq!(spread("PLAT_NO_SUCH_FIGURE", 0, 3), [1, 2, 3]);
    assert_eq!(spread("PLAT_NO_SUCH_FIGURE", 1, 3), [1]);
}
