//! From the registry's names to plat's.

/// `DBInstanceClass` → `db_instance_class`: a word starts at a capital after a small letter or a digit, and at the last capital of a run that
/// goes on in small letters. A plural `s` belongs to its acronym: `AZs` → `azs`.
pub fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, c) in letters.iter().enumerate() {
        if c.is_uppercase() && i > 0 {
            let previous = letters[i - 1];
            let next = letters.get(i + 1);
            let plural = next == Some(&'s') && letters.get(i + 2).is_none_or(|c| c.is_uppercase());
            if !previous.is_uppercase() || (next.is_some_and(|c| c.is_lowercase()) && !plural) {
                snake.push('_');
            }
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

#[test]
fn names_are_in_snake_case() {
    let cases = [
        ("CidrBlock", "cidr_block"),
        ("DBInstanceClass", "db_instance_class"),
        ("VPCSecurityGroups", "vpc_security_groups"),
        ("EnableIAMDatabaseAuthentication", "enable_iam_database_authentication"),
        ("MultiAZ", "multi_az"),
        ("MultiAZEnabled", "multi_az_enabled"),
        ("PreferredCacheClusterAZs", "preferred_cache_cluster_azs"),
        ("Ipv6CidrBlock", "ipv6_cidr_block"),
        ("EnableDns64", "enable_dns64"),
        ("MapPublicIpOnLaunch", "map_public_ip_on_launch"),
        ("DBName", "db_name"),
        ("minSize", "min_size"),
    ];
    for (name, wanted) in cases {
        assert_eq!(snake_case(name), wanted);
    }
}
