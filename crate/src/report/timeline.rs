//! The timeline of a rollout, drawn in characters.

use crate::{
    host::{Age, Millis},
    report::{rollout::elapsed, run_report::WorkloadReport},
    rollout::Progress,
};

/// How wide the drawing is, in characters.
const WIDTH: usize = 60;
/// The column of the end. What is right of it shows how it ended.
const END: i64 = 57;

/// How many new pods were ready and how many old ones were left, from the change to the end, above
/// an axis of times. `None` where nothing was seen.
pub(super) fn timeline(entry: &WorkloadReport) -> Option<[String; 3]> {
    let (first, last) = (entry.timeline.first()?, entry.timeline.last()?);
    let end = entry.outcome.as_ref().map_or(last.0, |(_, after)| *after).max(last.0);
    let changes = entry.timeline.iter().map(|(after, _)| after.0);
    let moments = moments(changes.chain([end.0]));
    let draw = |count: fn(&Progress) -> i64| -> String {
        let column = |column: usize| {
            let reached = moments.iter().rfind(|(at, _)| *at <= column);
            let time = reached.map_or(0, |(_, time)| *time);
            let seen = entry.timeline.iter().rfind(|(after, _)| after.0 <= time);
            let (_, progress) = seen.unwrap_or(first);
            bar(count(progress), progress.wanted)
        };
        (0..WIDTH).map(column).collect()
    };
    Some([
        format!("new pods ready  {}", draw(Progress::ready)),
        format!("old pods left   {}", draw(|progress| progress.old)),
        format!("                {}", axis(&moments)),
    ])
}

/// The start and these times, the last of which is the end, each with its column. Two fifths of the width are shared out evenly
/// and the rest by time, so that a long wait leaves the rest readable.
fn moments(changes: impl Iterator<Item = Millis>) -> Vec<(usize, Millis)> {
    let mut times = vec![0];
    times.extend(changes);
    times.dedup();
    let end = times.last().copied().unwrap_or_default().max(1);
    let steps = i64::try_from(times.len()).map_or(1, |count| (count - 1).max(1));
    let column = |(step, time): (i64, Millis)| {
        let column = END * (2 * step * end + 3 * time * steps) / (5 * steps * end);
        (usize::try_from(column).unwrap_or(0), time)
    };
    (0..).zip(times).map(column).collect()
}

/// The times below their columns, as many as there is room for; the last one is always there.
fn axis(moments: &[(usize, Millis)]) -> String {
    const GAP: usize = 2;
    let Some((last, rest)) = moments.split_last() else { return String::new() };
    let end = elapsed(Age(last.1));
    let room = WIDTH - end.len();
    let mut line = String::new();
    let mut told = end.clone();
    for (column, time) in rest {
        let label = elapsed(Age(*time));
        let is_free = line.is_empty() || line.len() + GAP <= *column;
        if is_free && column + label.len() + GAP <= room && label != told && label != end {
            line = format!("{line:<column$}{label}");
            told = label;
        }
    }
    format!("{line:<room$}{end}")
}

fn bar(count: i64, of: i64) -> char {
    const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let level = (count.max(0) * 8 + of.max(1) - 1) / of.max(1);
    BARS[usize::try_from(level).unwrap_or(0).min(8)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis_of(seconds: &[Millis]) -> String {
        axis(&moments(seconds.iter().map(|second| second * 1000)))
    }

    #[test]
    fn three_seconds_have_a_label_each() {
        assert_eq!(
            axis_of(&[1, 2, 3]),
            "0s                 1s                 2s                  3s"
        );
    }

    #[test]
    fn a_long_wait_leaves_room_for_what_came_before_and_after() {
        assert_eq!(
            axis_of(&[2, 4, 6, 1798, 1800]),
            "0s  2s   4s  6s                                        30m0s"
        );
    }

    #[test]
    fn a_rollout_without_steps_has_its_end() {
        assert_eq!(axis_of(&[40]).split_whitespace().collect::<Vec<_>>(), ["0s", "40s"]);
        assert_eq!(axis_of(&[0]).split_whitespace().collect::<Vec<_>>(), ["0s"]);
    }
}
