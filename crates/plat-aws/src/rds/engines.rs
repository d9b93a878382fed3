//! What database engines have and allow.

use plat::schema::rules::Reading;
use plat::value::{Secret, Value};

use crate::rules::numbers;

fn text<'v>(values: &[Reading<'v>], at: usize) -> Option<&'v str> {
    values.get(at)?.text()
}

#[allow(clippy::cast_precision_loss, reason = "sizes of storage are far below 2^52 GiB")]
fn gib(values: &[Reading<'_>], at: usize) -> Option<f64> {
    match values.get(at)?.value()? {
        Value::Size(size) => Some(size.0 as f64 / f64::from(1 << 30)),
        Value::Int(number) => Some(*number as f64),
        _ => None,
    }
}

/// Operations a second, storage and its type.
pub(super) fn iops_fit(values: &[Reading<'_>]) -> Option<bool> {
    let most = match text(values, 2)? {
        "io1" => 50.0,
        "gp3" => 500.0,
        "io2" => 1_000.0,
        _ => return None,
    };
    Some(gib(values, 0)? <= most * gib(values, 1)?)
}

/// The most and the allocated storage.
pub(super) fn has_room(values: &[Reading<'_>]) -> Option<bool> {
    Some(gib(values, 0)? >= 1.1 * gib(values, 1)?)
}

/// Capacities of Serverless v2.
pub(super) fn are_halves(values: &[Reading<'_>]) -> Option<bool> {
    let halves = |value: &Reading<'_>| match value {
        Reading::Value(Value::Float(capacity)) => (capacity * 2.0).fract() == 0.0,
        _ => true,
    };
    Some(values.iter().all(halves))
}

/// License model and engine.
pub(super) fn has_license(values: &[Reading<'_>]) -> Option<bool> {
    let (license, engine) = (text(values, 0)?, text(values, 1)?);
    let known: &[&str] = match family(engine) {
        "postgres" if !engine.starts_with("aurora") => &["postgresql-license"],
        "mysql" | "mariadb" if !engine.starts_with("aurora") => &["general-public-license"],
        "oracle" => &["license-included", "bring-your-own-license"],
        "sqlserver" if !engine.starts_with("custom") => &["license-included"],
        _ => return None,
    };
    Some(known.contains(&license))
}

/// Kinds of logs and engine.
pub(super) fn has_logs(values: &[Reading<'_>]) -> Option<bool> {
    let Value::List(logs) = values.first()?.value()? else { return None };
    let engine = text(values, 1)?;
    let known: &[&str] = match (family(engine), engine.starts_with("aurora")) {
        ("postgres", false) => &["postgresql", "upgrade", "iam-db-auth-error"],
        ("postgres", true) => &["postgresql", "instance", "iam-db-auth-error"],
        ("mysql", true) => &["audit", "error", "general", "slowquery", "instance", "iam-db-auth-error"],
        ("mysql" | "mariadb", false) => &["audit", "error", "general", "slowquery", "iam-db-auth-error"],
        ("oracle", _) => &["alert", "audit", "listener", "trace", "oemagent"],
        ("sqlserver", _) => &["agent", "error"],
        ("db2", _) => &["diag.log", "notify.log"],
        _ => return None,
    };
    Some(logs.iter().filter_map(Value::as_str).all(|log| known.contains(&log)))
}

/// First user and engine. Names that the engines reserve, from the RDS user guide.
pub(super) fn is_free_user(values: &[Reading<'_>]) -> Option<bool> {
    let user = text(values, 0)?.to_ascii_lowercase();
    let reserved: &[&str] = match family(text(values, 1)?) {
        "postgres" => &["admin", "rdsadmin", "rds_superuser", "rdsrepladmin", "public"],
        "mysql" | "mariadb" => &["rdsadmin", "mysql.sys", "rdsrepladmin"],
        "oracle" => &["sys", "system", "rdsadmin"],
        "sqlserver" => &["sa", "rdsa", "public"],
        _ => &["rdsadmin"],
    };
    Some(!reserved.contains(&user.as_str()))
}

/// First database and engine.
pub(super) fn is_free_database(values: &[Reading<'_>]) -> Option<bool> {
    let name = text(values, 0)?.to_ascii_lowercase();
    let reserved: &[&str] = match family(text(values, 1)?) {
        "postgres" => &["rdsadmin", "template0", "template1", "db", "database"],
        "mysql" | "mariadb" => &["mysql", "sys", "information_schema", "performance_schema", "innodb", "tmp"],
        "oracle" => &["null"],
        _ => return None,
    };
    Some(!reserved.contains(&name.as_str()))
}

/// Password and engine.
pub(super) fn is_password(values: &[Reading<'_>]) -> Option<bool> {
    let password = match values.first()?.value()? {
        Value::Secret(Secret::Plain(text)) => text.expose(),
        Value::String(text) => text,
        _ => return None,
    };
    let most = match text(values, 1).map(|engine| (family(engine), engine.starts_with("aurora"))) {
        Some(("mysql" | "mariadb", _)) => 41,
        Some(("oracle", _)) => 30,
        _ => 128,
    };
    Some((8..=most).contains(&password.chars().count()))
}

/// Family of a parameter group, engine and version of the engine.
pub(super) fn is_family(values: &[Reading<'_>]) -> Option<bool> {
    let (group, engine) = (text(values, 0)?.to_ascii_lowercase(), text(values, 1)?.to_ascii_lowercase());
    let rest = match engine.as_str() {
        "aurora-postgresql" | "aurora-mysql" | "postgres" | "mysql" | "mariadb" => match group.strip_prefix(engine.as_str()) {
            Some(rest) => rest.to_owned(),
            None => return Some(false),
        },
        _ => return group.strip_prefix(&engine).map(|_| true).or(Some(false)),
    };
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(false);
    }
    let Some(version) = text(values, 2) else { return Some(true) };
    // The version may be shorter than the family: `8` stands for any 8.x.
    let (family, version) = (numbers(&rest), numbers(version));
    Some(family.iter().zip(&version).all(|(a, b)| a == b))
}

/// New version, version before and engine.
pub(super) fn is_major_upgrade(values: &[Reading<'_>]) -> Option<bool> {
    let (new, old, engine) = (text(values, 0)?, text(values, 1)?, text(values, 2)?);
    let parts = match family(engine) {
        "mysql" | "mariadb" | "sqlserver" => 2,
        _ => 1,
    };
    let major = |version: &str| numbers(version).into_iter().take(parts).collect::<Vec<_>>();
    let (new, old) = (major(new), major(old));
    let differs = new.iter().zip(&old).any(|(new, old)| new != old);
    Some(differs)
}

/// The engine without its edition.
fn family(engine: &str) -> &'static str {
    let engine = engine.strip_prefix("custom-").unwrap_or(engine);
    let engine = engine.strip_prefix("aurora-").unwrap_or(engine);
    ["postgres", "mysql", "mariadb", "oracle", "sqlserver", "db2"].into_iter().find(|family| engine.starts_with(family)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use plat::value::Version;

    fn holds(function: fn(&[Reading<'_>]) -> Option<bool>, values: &[&str]) -> Option<bool> {
        let values: Vec<Value> = values.iter().map(|text| Value::Version(Version((*text).into()))).collect();
        function(&values.iter().map(Reading::Value).collect::<Vec<_>>())
    }

    #[test]
    fn a_major_version_depends_on_the_engine() {
        let major = |engine: &str, old: &str, new: &str| holds(is_major_upgrade, &[new, old, engine]) == Some(true);
        assert!(major("postgres", "15.4", "16.1") && !major("postgres", "15.4", "15.5") && !major("postgres", "15.4", "15"));
        assert!(major("mysql", "8.0.35", "8.4.3") && !major("mysql", "8.0.35", "8.0.40") && !major("mysql", "8.0.35", "8"));
        assert!(major("mariadb", "10.6.1", "10.11.2") && major("aurora-mysql", "5.7.mysql_aurora.2.11", "8.0.mysql_aurora.3.05"));
        assert!(major("oracle-ee", "19.0.0.0", "21.0.0.0") && major("sqlserver-se", "14.00.3", "15.00.4"));
    }

    #[test]
    fn a_parameter_group_has_the_family_of_engine_and_version() {
        let fits = |group: &str, engine: &str, version: &str| holds(is_family, &[group, engine, version]);
        assert_eq!(fits("postgres15", "postgres", "15.4"), Some(true));
        assert_eq!(fits("postgres15", "postgres", "16.1"), Some(false));
        assert_eq!(fits("mysql8.0", "mysql", "8.0.35"), Some(true));
        assert_eq!(fits("mysql8.0", "mysql", "8.4.3"), Some(false));
        assert_eq!(fits("mysql8.0", "mysql", "8"), Some(true));
        assert_eq!(fits("aurora-postgresql15", "postgres", "15.4"), Some(false));
        assert_eq!(fits("sqlserver-se-15.0", "sqlserver-se", "15.00"), Some(true));
        assert_eq!(fits("postgres15", "sqlserver-se", "15.00"), Some(false));
    }
}
