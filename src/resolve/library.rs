//! The standard library: .plat files like any user's, part of the binary.

/// Modules by name.
pub const MODULES: [(&str, &str); 6] = [
    ("std.cache", include_str!("../../stdlib/cache.plat")),
    ("std.database", include_str!("../../stdlib/database.plat")),
    ("std.kubernetes", include_str!("../../stdlib/kubernetes.plat")),
    ("std.network", include_str!("../../stdlib/network.plat")),
    ("std.policy", include_str!("../../stdlib/policy.plat")),
    ("std.secrets", include_str!("../../stdlib/secrets.plat")),
];

/// The source of a module.
pub fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(module, _)| *module == name).map(|(_, text)| *text)
}
