//! Between plat's units and the whole numbers that AWS counts in. A number out of AWS's reach is clamped, and AWS then refuses it.

use plat::value::{Duration, Size};

/// Whole GiB.
pub fn to_gib(size: Option<Size>) -> Option<i32> {
    size.map(|s| i32::try_from(s.0 >> 30).unwrap_or(i32::MAX))
}

pub fn from_gib(gib: Option<i32>) -> Option<Size> {
    gib.and_then(|n| u64::try_from(n).ok()).map(Size::gib)
}

/// Whole MiB.
pub fn to_mib(size: Option<Size>) -> Option<i32> {
    size.map(|s| i32::try_from(s.0 >> 20).unwrap_or(i32::MAX))
}

pub fn from_mib(mib: Option<i32>) -> Option<Size> {
    mib.and_then(|n| u64::try_from(n).ok()).map(Size::mib)
}

/// Whole days.
pub fn to_days(time: Option<Duration>) -> Option<i32> {
    time.map(|d| clamp(d.0 / 86_400))
}

pub fn from_days(days: Option<i32>) -> Option<Duration> {
    days.map(|n| Duration::days(i64::from(n)))
}

/// Seconds.
pub fn to_seconds(time: Option<Duration>) -> Option<i32> {
    time.map(|d| clamp(d.0))
}

pub fn from_seconds(seconds: Option<i32>) -> Option<Duration> {
    seconds.map(|n| Duration::seconds(i64::from(n)))
}

/// A count.
pub fn to_int(number: Option<i64>) -> Option<i32> {
    number.map(clamp)
}

fn clamp(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(if number < 0 { i32::MIN } else { i32::MAX })
}

/// `None` when there is nothing to say: an empty list in a request means "none", not "as it is".
pub fn texts<T: ToString>(items: &[T]) -> Option<Vec<String>> {
    (!items.is_empty()).then(|| items.iter().map(ToString::to_string).collect())
}

/// The text of an id, ARN or name that is set.
pub fn text<T: ToString>(item: &Option<T>) -> Option<String> {
    item.as_ref().map(ToString::to_string)
}

/// A text that AWS keeps in lower case, in that form: not every service takes another one.
pub fn lower(text: &Option<String>) -> Option<String> {
    text.as_ref().map(|t| t.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_survive_the_wire() {
        assert_eq!(from_gib(to_gib(Some(Size::gib(100)))), Some(Size::gib(100)));
        assert_eq!(from_mib(to_mib(Some(Size::mib(125)))), Some(Size::mib(125)));
        assert_eq!(from_days(to_days(Some(Duration::days(35)))), Some(Duration::days(35)));
        assert_eq!(from_seconds(to_seconds(Some(Duration::seconds(60)))), Some(Duration::seconds(60)));
    }

    #[test]
    fn what_is_out_of_reach_is_clamped() {
        assert_eq!(to_int(Some(i64::MAX)), Some(i32::MAX));
        assert_eq!(to_seconds(Some(Duration::seconds(i64::MIN))), Some(i32::MIN));
        assert_eq!(to_gib(Some(Size(u64::MAX))), Some(i32::MAX));
    }

    #[test]
    fn an_empty_list_is_not_sent() {
        assert_eq!(texts::<String>(&[]), None);
        assert_eq!(texts(&["a"]), Some(vec!["a".to_owned()]));
    }
}
