//! Durations as kubectl shows them, and the time stamps of the API.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z, as the host's clock has them.
pub type Millis = i64;

/// A span of time. Prints as kubectl does: `850ms`, `12s`, `3m5s`, `2h40m` or `9d3h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(pub Millis);

impl Age {
    /// The time from a time stamp to now; never negative, though clocks may differ.
    #[must_use]
    pub fn since(timestamp: &str, now: Millis) -> Option<Self> {
        Some(Self((now - parse_timestamp(timestamp)?).max(0)))
    }

    /// The time from a moment to a time stamp; never negative, though clocks may differ.
    #[must_use]
    pub fn until(timestamp: &str, from: Millis) -> Option<Self> {
        Some(Self((parse_timestamp(timestamp)? - from).max(0)))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        if self.0 < 1000 {
            write!(f, "{}ms", self.0)
        } else if minutes == 0 {
            write!(f, "{seconds}s")
        } else if hours == 0 {
            write!(f, "{minutes}m{}s", seconds % 60)
        } else if days == 0 {
            write!(f, "{hours}h{}m", minutes % 60)
        } else {
            write!(f, "{days}d{}h", hours % 24)
        }
    }
}

/// Reads a duration in whole seconds, such as `90`, `60s`, `10m` or `1h30m`: units as kubectl and Go
/// write them, without regard to case.
pub(crate) fn parse_seconds(text: &str) -> Option<u32> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (mut seconds, mut rest) = (0_u32, text);
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let mut units = after.chars();
        let unit = match units.next()?.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        seconds = count.parse::<u32>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        rest = units.as_str();
    }
    (!text.is_empty()).then_some(seconds)
}

/// Reads `2026-03-01T12:00:00Z`, the only form in which the API server writes `metav1.Time`.
fn parse_timestamp(text: &str) -> Option<Millis> {
    let number = |at: usize, length: usize| -> Option<i64> {
        let digits = text.get(at..at + length)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let marks = text.len() == 20
        && [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":"), (19, "Z")]
            .iter()
            .all(|(at, mark)| text.get(*at..=*at) == Some(*mark));
    if !marks {
        return None;
    }
    let days = days_since_1970(number(0, 4)?, number(5, 2)?, number(8, 2)?);
    Some(((days * 24 + number(11, 2)?) * 60 + number(14, 2)?) * 60_000 + number(17, 2)? * 1000)
}

/// Counts in years that begin in March, so that a leap day is the last day of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_time_stamps_of_the_api() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:34:56Z", Some(951_827_696_000)),
            ("2026-11-24T04:00:00Z", Some(1_795_492_800_000)),
            ("2026-11-24 04:00:00Z", None),
            ("2026-11-24T04:00:00.5Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_timestamp(text), millis, "{text}");
        }
    }

    #[test]
    fn prints_as_people_say_it() {
        for (millis, text) in [
            (850, "850ms"),
            (12_999, "12s"),
            (185_000, "3m5s"),
            (9_600_000, "2h40m"),
            (788_400_000, "9d3h"),
        ] {
            assert_eq!(Age(millis).to_string(), text);
        }
        assert_eq!(Age::since("1970-01-01T00:00:02Z", 1000), Some(Age(0)));
    }
}
