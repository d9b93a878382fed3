//! What it takes to make one node group into another: settings in one update, what the nodes run in another.

use std::collections::BTreeMap;

use plat::value::Version;

use super::{LaunchTemplateSpecification, NodeRepairConfig, Nodegroup, ScalingConfig, Taint, UpdateConfig, WarmPoolConfig};
use crate::eks::cluster::more;

/// `UpdateNodegroupConfig`: the parts that differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub labels: BTreeMap<String, String>,
    pub remove_labels: Vec<String>,
    pub taints: Vec<Taint>,
    pub remove_taints: Vec<Taint>,
    pub scaling: Option<ScalingConfig>,
    pub update: Option<UpdateConfig>,
    pub repair: Option<NodeRepairConfig>,
    pub warm_pool: Option<WarmPoolConfig>,
}

impl Settings {
    pub(super) fn between(actual: &Nodegroup, desired: &Nodegroup) -> Option<Settings> {
        let differs = |(key, value): &(&String, &String)| actual.labels.get(*key) != Some(*value);
        let is = |taint: &Taint, other: &Taint| (&taint.key, &taint.effect) == (&other.key, &other.effect);
        let settings = Settings {
            labels: desired.labels.iter().filter(differs).map(|(k, v)| (k.clone(), v.clone())).collect(),
            remove_labels: actual.labels.keys().filter(|key| !desired.labels.contains_key(*key)).cloned().collect(),
            taints: desired.taints.iter().filter(|taint| !actual.taints.contains(taint)).cloned().collect(),
            remove_taints: actual.taints.iter().filter(|old| !desired.taints.iter().any(|new| is(new, old))).cloned().collect(),
            scaling: more(&actual.scaling_config, &desired.scaling_config),
            update: more(&actual.update_config, &desired.update_config),
            repair: more(&actual.node_repair_config, &desired.node_repair_config),
            warm_pool: more(&actual.warm_pool_config, &desired.warm_pool_config),
        };
        (settings != Settings::default()).then_some(settings)
    }
}

/// `UpdateNodegroupVersion`: what the nodes run. It replaces them, so all of it goes in one update.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Release {
    pub version: Option<Version>,
    pub release_version: Option<String>,
    pub launch_template: Option<LaunchTemplateSpecification>,
}

impl Release {
    /// `asked`: the version that the configuration sets, if it sets one.
    pub(super) fn between(actual: &Nodegroup, desired: &Nodegroup, asked: Option<&Version>) -> Option<Release> {
        let runs = |wanted: &Version| actual.version.as_ref().is_some_and(|version| wanted.covers(version));
        let mut release = Release {
            version: desired.version.clone().filter(|wanted| !runs(wanted)),
            release_version: desired.release_version.clone().filter(|wanted| Some(wanted) != actual.release_version.as_ref()),
            launch_template: more(&actual.launch_template, &desired.launch_template),
        };
        if release == Release::default() {
            return None;
        }
        // EKS takes a release only of the version that is named with it, or of the one that runs.
        if release.release_version.is_some() {
            release.version = release.version.or_else(|| asked.cloned());
        }
        Some(release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str) -> Taint {
        Taint { key: Some(key.into()), value: Some(value.into()), effect: Some("NO_SCHEDULE".into()) }
    }

    /// A node group as EKS answers it.
    fn actual() -> Nodegroup {
        Nodegroup {
            labels: [("team".to_owned(), "a".to_owned()), ("old".to_owned(), "1".to_owned())].into(),
            taints: vec![taint("gpu", "yes"), taint("spot", "yes")],
            scaling_config: Some(ScalingConfig { desired_size: Some(3), max_size: Some(4), min_size: Some(2) }),
            update_config: Some(UpdateConfig {
                max_unavailable: Some(1),
                max_unavailable_percentage: None,
                update_strategy: Some("DEFAULT".into()),
            }),
            version: Some(Version("1.28".into())),
            release_version: Some("1.28.5-20240227".into()),
            ..Nodegroup::default()
        }
    }

    #[test]
    fn what_is_left_out_is_left_alone() {
        let desired = Nodegroup {
            labels: actual().labels,
            taints: actual().taints.into_iter().rev().collect(),
            scaling_config: Some(ScalingConfig { desired_size: None, max_size: Some(4), min_size: Some(2) }),
            update_config: Some(UpdateConfig { max_unavailable: Some(1), ..UpdateConfig::default() }),
            ..Nodegroup::default()
        };
        assert_eq!(Settings::between(&actual(), &desired), None);
        assert_eq!(Release::between(&actual(), &desired, None), None);
    }

    #[test]
    fn settings_go_in_one_update_without_what_stays() {
        let desired = Nodegroup {
            labels: [("team".to_owned(), "b".to_owned())].into(),
            taints: vec![taint("gpu", "no")],
            scaling_config: Some(ScalingConfig { desired_size: None, max_size: Some(6), min_size: Some(2) }),
            ..actual()
        };
        let settings = Settings::between(&actual(), &desired).unwrap();
        let expected = Settings {
            labels: desired.labels.clone(),
            remove_labels: vec!["old".into()],
            taints: vec![taint("gpu", "no")],
            remove_taints: vec![taint("spot", "yes")],
            scaling: desired.scaling_config.clone(),
            ..Settings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn what_the_nodes_run_goes_in_one_update() {
        let desired = Nodegroup { version: Some(Version("1.29".into())), release_version: None, ..actual() };
        let expected = Release { version: Some(Version("1.29".into())), ..Release::default() };
        assert_eq!(Release::between(&actual(), &desired, desired.version.as_ref()), Some(expected));
        let desired = Nodegroup { release_version: Some("1.28.8-20240506".into()), ..actual() };
        let release = Release::between(&actual(), &desired, None).unwrap();
        assert_eq!(release.version, None, "the version that runs is not asked for");
        let release = Release::between(&actual(), &desired, desired.version.as_ref()).unwrap();
        assert_eq!((release.version, release.release_version.as_deref()), (Some(Version("1.28".into())), Some("1.28.8-20240506")));
        let template = |version: &str| LaunchTemplateSpecification { id: Some("lt-1".into()), version: Some(version.into()), name: None };
        let had =
            Nodegroup { launch_template: Some(LaunchTemplateSpecification { name: Some("nodes".into()), ..template("1") }), ..actual() };
        let desired = |version: &str| Nodegroup { launch_template: Some(template(version)), ..actual() };
        assert_eq!(Release::between(&had, &desired("1"), None), None);
        assert_eq!(Release::between(&had, &desired("2"), None).unwrap().launch_template, Some(template("2")));
    }
}
