//! Relations of EKS that data cannot express.

use plat::schema::rules::Reading;
use plat::value::Value;

use crate::rules::numbers;

fn version(reading: Option<&Reading<'_>>) -> Option<Vec<u64>> {
    Some(numbers(reading?.text()?))
}

fn texts<'v>(reading: Option<&Reading<'v>>) -> Option<Vec<&'v str>> {
    let Value::List(items) = reading?.value()? else { return None };
    items.iter().map(Value::as_str).collect()
}

/// New version and version before.
pub(super) fn is_next_minor(values: &[Reading<'_>]) -> Option<bool> {
    let (new, old) = (version(values.first())?, version(values.get(1))?);
    match (new.as_slice(), old.as_slice()) {
        ([new_major, new_minor, ..], [old_major, old_minor, ..]) => {
            Some(new_major == old_major && new_minor.saturating_sub(*old_minor) <= 1)
        }
        _ => None,
    }
}

/// Version of the cluster and of its nodes.
pub(super) fn is_near(values: &[Reading<'_>]) -> Option<bool> {
    let (cluster, nodes) = (version(values.first())?, version(values.get(1))?);
    match (cluster.as_slice(), nodes.as_slice()) {
        ([_, cluster, ..], [_, nodes, ..]) => Some(cluster.saturating_sub(*nodes) <= 3),
        _ => None,
    }
}

/// Release of an image, Kubernetes version and type of the image. Bottlerocket and Windows count their releases otherwise.
pub(super) fn is_release_of(values: &[Reading<'_>]) -> Option<bool> {
    let (release, version) = (values.first()?.text()?, values.get(1)?.text()?);
    if let Some(image) = values.get(2)?.text()
        && !image.starts_with("AL2")
    {
        return None;
    }
    if !release.starts_with("1.") || !release.contains('-') {
        return None;
    }
    Some(release.strip_prefix(version).is_some_and(|rest| rest.starts_with(['.', '-'])))
}

/// Node pools of EKS Auto Mode.
pub(super) fn are_pools(values: &[Reading<'_>]) -> Option<bool> {
    Some(texts(values.first())?.iter().all(|pool| ["general-purpose", "system"].contains(pool)))
}

/// What a cluster encrypts.
pub(super) fn are_secrets(values: &[Reading<'_>]) -> Option<bool> {
    Some(texts(values.first())? == ["secrets"])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Architecture {
    Arm,
    X86,
}

/// The architecture of an instance type: of Graviton when the family has a `g` behind its generation.
fn architecture(instance_type: &str) -> Option<Architecture> {
    let (family, _) = instance_type.split_once('.')?;
    let digit = family.find(|c: char| c.is_ascii_digit())?;
    let (name, rest) = family.split_at_checked(digit)?;
    let options = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    Some(if name == "a" || options.starts_with('g') { Architecture::Arm } else { Architecture::X86 })
}

/// Type of the image and instance types.
pub(super) fn have_one_architecture(values: &[Reading<'_>]) -> Option<bool> {
    let image = values.first()?.text()?.to_ascii_uppercase();
    let wanted = match (image.contains("ARM_64"), image.contains("X86_64")) {
        (true, _) => Architecture::Arm,
        (_, true) => Architecture::X86,
        _ => return None,
    };
    Some(texts(values.get(1))?.iter().all(|name| architecture(name).is_none_or(|is| is == wanted)))
}

/// Instance types.
pub(super) fn are_of_one_architecture(values: &[Reading<'_>]) -> Option<bool> {
    let all: Vec<Architecture> = texts(values.first())?.iter().filter_map(|name| architecture(name)).collect();
    Some(all.windows(2).all(|pair| pair.first() == pair.last()))
}

/// Kubernetes groups.
pub(super) fn are_free_groups(values: &[Reading<'_>]) -> Option<bool> {
    let reserved = ["system:", "eks:", "aws:", "amazon:", "iam:"];
    Some(!texts(values.first())?.iter().any(|group| reserved.iter().any(|start| group.starts_with(start))))
}

/// ARN of a principal.
pub(super) fn is_principal(values: &[Reading<'_>]) -> Option<bool> {
    let arn = values.first()?.text()?;
    let mut parts = arn.splitn(6, ':');
    let (service, name) = (parts.nth(2), parts.nth(2));
    Some(service == Some("iam") && name.is_some_and(|name| name.starts_with("role/") || name.starts_with("user/")))
}

/// ARN of an access policy.
pub(super) fn is_access_policy(values: &[Reading<'_>]) -> Option<bool> {
    let arn = values.first()?.text()?;
    Some(arn.contains(":eks::aws:cluster-access-policy/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(function: fn(&[Reading<'_>]) -> Option<bool>, values: &[Value]) -> Option<bool> {
        function(&values.iter().map(Reading::Value).collect::<Vec<_>>())
    }

    #[test]
    fn a_version_goes_up_one_minor_version() {
        let next = |old: &str, new: &str| holds(is_next_minor, &[Value::str(new), Value::str(old)]);
        assert_eq!(
            (next("1.30", "1.31"), next("1.30", "1.30"), next("1.30", "1.32"), next("1.9", "1.10")),
            (Some(true), Some(true), Some(false), Some(true))
        );
    }

    #[test]
    fn an_instance_type_has_an_architecture() {
        let fits = |image: &str, types: &[&str]| {
            holds(have_one_architecture, &[Value::str(image), Value::list(types.iter().map(|t| Value::str(*t)))])
        };
        assert_eq!(fits("AL2023_x86_64_STANDARD", &["m6i.large", "t3.micro", "g5.xlarge"]), Some(true));
        assert_eq!(fits("AL2023_x86_64_STANDARD", &["m6i.large", "m7gd.large"]), Some(false));
        assert_eq!(fits("BOTTLEROCKET_ARM_64", &["t4g.small", "c7gn.large", "a1.large"]), Some(true));
        assert_eq!(fits("BOTTLEROCKET_ARM_64", &["g5.xlarge"]), Some(false));
        assert_eq!(fits("CUSTOM", &["g5.xlarge"]), None);
    }

    #[test]
    fn a_principal_is_a_role_or_a_user() {
        let is = |arn: &str| holds(is_principal, &[Value::str(arn)]);
        assert_eq!(is("arn:aws:iam::123456789012:role/team/admin"), Some(true));
        assert_eq!(is("arn:aws:iam::123456789012:root"), Some(false));
        assert_eq!(is("arn:aws:sts::123456789012:assumed-role/admin/me"), Some(false));
    }
}
