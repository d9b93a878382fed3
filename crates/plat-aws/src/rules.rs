//! What the rules of several services share.

use plat::schema::rules::Reading;
use plat::value::Value;

/// Whether two daily or weekly windows (`03:00-04:00`, `sun:03:00-sun:04:00`) share no minute.
pub(crate) fn windows_are_apart(values: &[Reading<'_>]) -> Option<bool> {
    let [a, b] = values else { return None };
    let (a, b) = (minutes(a.text()?)?, minutes(b.text()?)?);
    let days =
        |window: Window| if window.day.is_some() { vec![window] } else { (0..7).map(|day| Window { day: Some(day), ..window }).collect() };
    let (a, b) = (days(a), days(b));
    Some(!a.iter().any(|a| b.iter().any(|b| a.meets(*b))))
}

/// Whether a window is at least half an hour long.
pub(crate) fn window_is_long_enough(values: &[Reading<'_>]) -> Option<bool> {
    let [window] = values else { return None };
    Some(length_of_window(window.text()?)? >= 30)
}

/// Minutes from the begin of a window to its end.
pub(crate) fn length_of_window(window: &str) -> Option<i64> {
    Some(minutes(window)?.length)
}

#[derive(Clone, Copy)]
struct Window {
    /// 0 is Monday; `None` is every day.
    day: Option<i64>,
    /// Minutes after midnight.
    start: i64,
    /// Minutes.
    length: i64,
}

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

impl Window {
    fn begins(self) -> i64 {
        self.day.unwrap_or(0) * DAY + self.start
    }

    fn meets(self, other: Window) -> bool {
        let apart = (other.begins() - self.begins()).rem_euclid(WEEK);
        apart < self.length || WEEK - apart < other.length
    }
}

fn minutes(text: &str) -> Option<Window> {
    let (from, to) = text.split_once('-')?;
    let (first, start) = moment(from)?;
    let (last, end) = moment(to)?;
    let length = match (first, last) {
        (None, None) => (end - start).rem_euclid(DAY),
        (Some(first), Some(last)) => (last * DAY + end - first * DAY - start).rem_euclid(WEEK),
        _ => return None,
    };
    Some(Window { day: first, start, length })
}

fn moment(text: &str) -> Option<(Option<i64>, i64)> {
    let (day, time) = match text.trim().to_ascii_lowercase().split_once(':')? {
        (day, time) if time.contains(':') => (Some(weekday(day)?), time.to_owned()),
        _ => (None, text.trim().to_owned()),
    };
    let (hour, minute) = time.split_once(':')?;
    Some((day, hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?))
}

fn weekday(day: &str) -> Option<i64> {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().position(|known| *known == day).and_then(|day| i64::try_from(day).ok())
}

/// Whether the keys of tags are not among those that AWS reserves for itself.
pub(crate) fn tags_are_free(values: &[Reading<'_>]) -> Option<bool> {
    let [tags] = values else { return None };
    let Value::Object(tags) = tags.value()? else { return None };
    Some(!tags.keys().any(|key| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))))
}

/// The numbers of a version: `[15, 4]`.
pub(crate) fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Keys that begin with `aws:` are reserved, in every service.
macro_rules! tag_rule {
    () => {
        ::plat::schema::rules::Rule::new(
            "keys of tags that begin with `aws:` are reserved",
            "https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html",
        )
        .must(&[::plat::schema::rules::Test::Custom(&::plat::schema::rules::Custom {
            name: "no reserved tags",
            paths: &[::plat::schema::rules::own("tags")],
            holds: $crate::rules::tags_are_free,
        })])
        .help("give the tag a key that does not begin with `aws:`")
    };
}
pub(crate) use tag_rule;

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(a: &str, b: &str) -> Option<bool> {
        windows_are_apart(&[Reading::Value(&Value::str(a)), Reading::Value(&Value::str(b))])
    }

    #[test]
    fn windows_meet_when_they_share_a_minute() {
        assert_eq!(apart("03:00-04:00", "sun:04:00-sun:05:00"), Some(true));
        assert_eq!(apart("03:00-04:01", "sun:04:00-sun:05:00"), Some(false));
        assert_eq!(apart("23:30-00:30", "mon:00:00-mon:00:30"), Some(false));
        assert_eq!(apart("sun:23:30-mon:00:30", "00:15-00:45"), Some(false));
        assert_eq!(apart("Sun:23:30-Mon:00:30", "12:00-13:00"), Some(true));
        assert_eq!(apart("whenever", "12:00-13:00"), None);
    }

    #[test]
    fn a_window_has_a_length() {
        let long = |text: &str| window_is_long_enough(&[Reading::Value(&Value::str(text))]);
        assert_eq!((long("03:00-03:30"), long("03:00-03:29"), long("sun:23:45-mon:00:15")), (Some(true), Some(false), Some(true)));
    }
}
