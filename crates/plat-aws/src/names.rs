//! Names for resources whose API wants one and whose program gives none.

use plat::provider::Operation;

/// A name from the resource's own name in the program and the operation that creates it: the same for every repetition of the
/// operation, another for the next one. Letters, digits and dashes only, beginning with a letter, at most `longest` (20 or more).
pub(crate) fn generated(op: &Operation<'_>, longest: usize) -> String {
    let last = op.address.to_string();
    from_parts(&last, op.id, longest)
}

fn from_parts(address: &str, operation: &str, longest: usize) -> String {
    let words: Vec<String> =
        address.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    let suffix = format!("{:012x}", fnv1a(operation) & 0xffff_ffff_ffff);
    let room = longest.saturating_sub(suffix.len() + 1);
    let mut head: String = words.join("-").chars().take(room).collect();
    if !head.starts_with(|c: char| c.is_ascii_alphabetic()) {
        head = format!("r-{head}").chars().take(room).collect();
    }
    format!("{}-{suffix}", head.trim_end_matches('-'))
}

/// FNV-1a, 64 bits: stable over builds, which the standard library's hasher is not.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_unique_and_fit() {
        let name = from_parts("cluster.pool[\"us-west-2a\"]", "op-1", 63);
        assert!(name.starts_with("cluster-pool-us-west-2a-"), "{name}");
        assert_eq!(name, from_parts("cluster.pool[\"us-west-2a\"]", "op-1", 63));
        assert_ne!(name, from_parts("cluster.pool[\"us-west-2a\"]", "op-2", 63));
        for (address, longest) in [("a_very_long_name.of_a_component.with_a_long_name", 20), ("_1", 64), ("_", 32)] {
            let name = from_parts(address, "op", longest);
            assert!(name.len() <= longest && name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains("--"), "{name}");
        }
    }
}
