//! Times as people say them.

use crate::value::Duration;

/// `40 seconds`, `1 minute`, `11 minutes`, `3 hours`, `12 days`: rounded, as said and not as counted.
pub fn spoken(time: Duration) -> String {
    let seconds = time.0.max(0);
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..5_400 => ((seconds + 30) / 60, "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `1 thing`, `2 things`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said() {
        let said = |s| spoken(Duration::seconds(s));
        assert_eq!(said(1), "1 second");
        assert_eq!(said(59), "59 seconds");
        assert_eq!(said(60), "1 minute");
        assert_eq!(said(90), "2 minutes");
        assert_eq!(said(660), "11 minutes");
        assert_eq!(said(7_200), "2 hours");
        assert_eq!(said(1_209_600), "14 days");
    }
}
