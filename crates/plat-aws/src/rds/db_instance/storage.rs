//! The part of a change that is about storage.

use aws_sdk_rds::types;
use plat::provider::Asked;
use plat::value::Size;

use super::modify::Call;
use super::{AdditionalStorageVolume, DbInstance};
use crate::rds::difference::Difference;
use crate::units::{to_gib, to_int, to_mib};

/// From this size on `gp3` has a rate that can be chosen; RDS refuses one for less. SQL Server has it at every size.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage>
fn gp3_threshold(engine: &str) -> Size {
    match engine {
        engine if engine.starts_with("sqlserver") || engine.starts_with("custom-sqlserver") => Size::gib(0),
        engine if engine.starts_with("oracle") || engine.starts_with("custom-oracle") => Size::gib(200),
        _ => Size::gib(400),
    }
}

/// May a change of size or type carry the rate that was read? RDS wants the rate of `io1` and `io2` with a new size, and keeps the
/// one of `gp3` only when it can be chosen before and after: a rate that was below the threshold is not one for above.
fn keeps_rate(prior: &DbInstance, kind: &str, size: Option<Size>) -> bool {
    let same = prior.storage_type.as_ref().is_some_and(|had| had.eq_ignore_ascii_case(kind));
    let threshold = gp3_threshold(prior.engine.as_deref().unwrap_or_default());
    let above = |size: Option<Size>| size.is_some_and(|size| size >= threshold);
    match kind {
        "io1" | "io2" => same,
        "gp3" => same && above(prior.allocated_storage) && above(size),
        _ => false,
    }
}

/// May a change of size carry the rate that is asked for and did not change? Below the threshold RDS refuses any.
fn takes_rate(prior: &DbInstance, kind: &str, size: Option<Size>) -> bool {
    let threshold = gp3_threshold(prior.engine.as_deref().unwrap_or_default());
    match kind {
        "gp3" => size.is_some_and(|size| size >= threshold),
        "io1" | "io2" => true,
        _ => false,
    }
}

/// RDS wants the size with another type or rate, and the rate with another size where there is one to choose.
pub(super) fn storage(diff: &Difference, call: Call, prior: &DbInstance, desired: &DbInstance, asked: &Asked<DbInstance>) -> Call {
    let grown = desired.max_allocated_storage.is_some() && desired.allocated_storage < prior.allocated_storage;
    let size = desired.allocated_storage.filter(|_| !grown);
    let resized = diff.of(&prior.allocated_storage, &size);
    let kind = diff.name(&prior.storage_type, &desired.storage_type);
    let rate = diff.of(&prior.iops, &desired.iops);
    let throughput = diff.of(&prior.storage_throughput, &desired.storage_throughput);
    let together = resized.is_some() || kind.is_some() || rate.is_some() || throughput.is_some();
    // Turning growth off is said by a limit that is the size itself.
    let limit = match (desired.max_allocated_storage, prior.max_allocated_storage) {
        (None, Some(_)) => diff.note(size.or(prior.allocated_storage)),
        (wanted, had) => diff.of(&had, &wanted),
    };
    let size = size.or(prior.allocated_storage);
    let of = desired.storage_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let (keeps, takes) = (together && keeps_rate(prior, &of, size), together && takes_rate(prior, &of, size));
    let rate = rate.or(asked.iops.filter(|_| takes)).or(prior.iops.filter(|_| keeps));
    let throughput = throughput.or(asked.storage_throughput.filter(|_| takes && of == "gp3"));
    let throughput = throughput.or(prior.storage_throughput.filter(|_| keeps && of == "gp3"));
    call.set_allocated_storage(to_gib(size.filter(|_| together)))
        .set_storage_type(kind)
        .set_iops(to_int(rate))
        .set_storage_throughput(to_mib(throughput))
        .set_max_allocated_storage(to_gib(limit))
        .set_additional_storage_volumes(volumes(diff, prior, desired))
        .set_dedicated_log_volume(diff.flag(prior.dedicated_log_volume, desired.dedicated_log_volume))
}

fn volumes(diff: &Difference, prior: &DbInstance, desired: &DbInstance) -> Option<Vec<types::ModifyAdditionalStorageVolume>> {
    let (had, wanted) = (&prior.additional_storage_volumes, &desired.additional_storage_volumes);
    let named = |volume: &AdditionalStorageVolume, among: &[AdditionalStorageVolume]| {
        among.iter().find(|other| other.volume_name == volume.volume_name).cloned()
    };
    let changed = wanted.iter().filter(|w| !named(w, had).is_some_and(|h| as_wanted(w, &h))).map(|w| {
        types::ModifyAdditionalStorageVolume::builder()
            .set_volume_name(w.volume_name.clone())
            .set_allocated_storage(to_gib(w.allocated_storage))
            .set_max_allocated_storage(to_gib(w.max_allocated_storage))
            .set_iops(to_int(w.iops))
            .set_storage_throughput(to_mib(w.storage_throughput))
            .set_storage_type(w.storage_type.clone())
            .build()
    });
    let gone = had
        .iter()
        .filter(|h| named(h, wanted).is_none())
        .map(|h| types::ModifyAdditionalStorageVolume::builder().set_volume_name(h.volume_name.clone()).set_for_delete(true).build());
    let all: Vec<_> = changed.chain(gone).collect();
    diff.note((!all.is_empty()).then_some(all))
}

fn as_wanted(wanted: &AdditionalStorageVolume, had: &AdditionalStorageVolume) -> bool {
    fn fits<T: PartialEq>(wanted: &Option<T>, had: &Option<T>) -> bool {
        wanted.is_none() || wanted == had
    }
    fits(&wanted.allocated_storage, &had.allocated_storage)
        && fits(&wanted.max_allocated_storage, &had.max_allocated_storage)
        && fits(&wanted.iops, &had.iops)
        && fits(&wanted.storage_throughput, &had.storage_throughput)
        && fits(&wanted.storage_type, &had.storage_type)
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::operation::modify_db_instance::ModifyDbInstanceInput;

    use super::super::asking;
    use super::super::modify::request;
    use super::*;

    /// `gp3` as RDS shows it: with the rate that it has by itself.
    fn gp3(engine: &str, gib: u64, iops: i64) -> DbInstance {
        DbInstance {
            engine: Some(engine.to_owned()),
            storage_type: Some("gp3".to_owned()),
            allocated_storage: Some(Size::gib(gib)),
            iops: Some(iops),
            storage_throughput: Some(Size::mib(if iops == 3_000 { 125 } else { 500 })),
            ..DbInstance::default()
        }
    }

    /// The size and what goes with it when only the size is asked for.
    fn grown(prior: &DbInstance, gib: u64) -> (Option<i32>, Option<i32>, Option<i32>, Option<String>) {
        let desired = DbInstance { allocated_storage: Some(Size::gib(gib)), ..prior.clone() };
        let asked = DbInstance { allocated_storage: Some(Size::gib(gib)), ..DbInstance::default() };
        let call = request("db", prior, &desired, &asking(&asked)).unwrap().build().unwrap();
        (call.allocated_storage(), call.iops(), call.storage_throughput(), call.storage_type().map(str::to_owned))
    }

    #[test]
    fn the_rate_that_gp3_has_by_itself_is_not_sent() {
        assert_eq!(grown(&gp3("postgres", 100, 3_000), 200), (Some(200), None, None, None));
        // 12000 from the threshold on, and not pinned to what was below.
        assert_eq!(grown(&gp3("postgres", 100, 3_000), 400), (Some(400), None, None, None));
        assert_eq!(grown(&gp3("postgres", 400, 12_000), 500), (Some(500), Some(12_000), Some(500), None));
        assert_eq!(grown(&gp3("oracle-ee", 100, 3_000), 150), (Some(150), None, None, None));
        assert_eq!(grown(&gp3("oracle-ee", 200, 12_000), 300), (Some(300), Some(12_000), Some(500), None));
        assert_eq!(grown(&gp3("sqlserver-se", 100, 3_000), 200), (Some(200), Some(3_000), Some(125), None));
    }

    #[test]
    fn provisioned_rates_go_with_the_size() {
        let io1 = DbInstance { storage_type: Some("io1".to_owned()), storage_throughput: None, ..gp3("postgres", 100, 5_000) };
        assert_eq!(grown(&io1, 200), (Some(200), Some(5_000), None, None));
    }

    fn changed(prior: &DbInstance, change: impl FnOnce(&mut DbInstance)) -> Option<ModifyDbInstanceInput> {
        let mut desired = prior.clone();
        change(&mut desired);
        request("db", prior, &desired, &asking(&desired)).map(|call| call.build().unwrap())
    }

    #[test]
    fn a_rate_or_type_goes_with_the_size() {
        let gp2 = DbInstance { storage_type: Some("gp2".to_owned()), iops: None, storage_throughput: None, ..gp3("postgres", 400, 0) };
        let call = changed(&gp2, |d| {
            d.storage_type = Some("gp3".to_owned());
            d.iops = Some(13_000);
        });
        let call = call.unwrap();
        assert_eq!((call.allocated_storage(), call.storage_type(), call.iops()), (Some(400), Some("gp3"), Some(13_000)));
        let call = changed(&gp3("postgres", 500, 12_000), |d| d.storage_throughput = Some(Size::mib(700))).unwrap();
        assert_eq!((call.allocated_storage(), call.iops(), call.storage_throughput()), (Some(500), Some(12_000), Some(700)));
        // Another type has another rate.
        let call = changed(&gp3("postgres", 500, 12_000), |d| {
            d.storage_type = Some("gp2".to_owned());
        });
        assert_eq!(call.unwrap().iops(), None);
    }

    #[test]
    fn a_rate_that_is_asked_for_is_kept_out_of_where_rds_refuses_it() {
        let call = changed(&gp3("postgres", 100, 3_000), |d| d.allocated_storage = Some(Size::gib(200))).unwrap();
        assert_eq!((call.iops(), call.storage_throughput()), (None, None));
    }

    #[test]
    fn storage_that_grew_by_itself_is_not_shrunk() {
        let grown = DbInstance { max_allocated_storage: Some(Size::gib(1000)), ..gp3("postgres", 150, 3_000) };
        assert!(changed(&grown, |d| d.allocated_storage = Some(Size::gib(100))).is_none());
    }

    #[test]
    fn growth_is_turned_off_by_a_limit_that_is_the_size() {
        let grows = DbInstance { max_allocated_storage: Some(Size::gib(1000)), ..gp3("postgres", 100, 3_000) };
        let call = changed(&grows, |d| d.max_allocated_storage = None).unwrap();
        assert_eq!((call.max_allocated_storage(), call.allocated_storage()), (Some(100), None));
    }
}
