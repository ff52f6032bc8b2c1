//! The input `failAfter`: how long a trouble may last before the rollout is judged by it.
//!
//! ```text
//! imagePull=60 crashLoop=3, unschedulable=off
//! ```
//!
//! Settings stand apart by spaces, commas or lines. A value is a duration such as `60` or `2m`, or a
//! count, as [`RULES`] says, or `off`: this cause ends no rollout early, and only the deadline of
//! Kubernetes or the timeout of the task does.

use std::fmt;

use crate::host::{Code, Coded, code, nearest::nearest, switch, time::parse_seconds};

/// What `failAfter` can set, by its place in [`RULES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// An image that is not there, not allowed, or no image at all.
    ImageMissing,
    /// A registry that does not answer as it should.
    ImagePull,
    /// A container that cannot be created as it is described.
    Config,
    /// A container that ends again and again.
    CrashLoop,
    /// The same, killed for its memory.
    OutOfMemory,
    /// The same, killed for its startup or liveness probe.
    Probe,
    /// A container that runs and does not become ready.
    Readiness,
    /// A pod that no node takes.
    Unschedulable,
    /// A pod whose volumes or network are not set up.
    PodSetup,
    /// Pods that may not be created for now.
    Refused,
    /// Pods that a policy does not let be created.
    Denied,
    /// Pods that a node gave back as failed.
    PodFailed,
    /// A pod of an older template that holds a StatefulSet up.
    StuckPod,
    /// A pod that is being deleted, does not end, and holds the rollout up.
    Termination,
    /// How many pods have to be in trouble, where the trouble may be a pod's own.
    Pods,
}

/// What the value of a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Whole seconds since the trouble was first seen.
    Seconds,
    /// How often a container was started again in vain.
    Restarts,
    /// A number of pods.
    Pods,
}

/// A rule as `failAfter` spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo {
    /// The rule.
    pub rule: Rule,
    /// Its name in the input.
    pub name: &'static str,
    /// What its value counts.
    pub unit: Unit,
    /// Its value where the input does not set it; `None` is `off`.
    pub default: Option<u32>,
    /// What it is about, for help.
    pub about: &'static str,
}

/// Every rule with its default; the reasons for the defaults are in the docs of
/// [the module](crate::rollout).
pub const RULES: [RuleInfo; 15] = [
    rule(
        Rule::ImageMissing,
        "imageMissing",
        Unit::Seconds,
        Some(0),
        "the registry says that the image is not found or may not be pulled, or its name is invalid",
    ),
    rule(
        Rule::ImagePull,
        "imagePull",
        Unit::Seconds,
        Some(120),
        "the registry cannot be reached, is overloaded or limits pulls",
    ),
    rule(
        Rule::Config,
        "config",
        Unit::Seconds,
        Some(15),
        "a container cannot be created, as when a ConfigMap, a Secret or its command is missing",
    ),
    rule(Rule::CrashLoop, "crashLoop", Unit::Restarts, Some(2), "a container is crash-looping"),
    rule(
        Rule::OutOfMemory,
        "outOfMemory",
        Unit::Restarts,
        Some(1),
        "a container is killed for using more memory than its limit",
    ),
    rule(
        Rule::Probe,
        "probe",
        Unit::Restarts,
        Some(2),
        "a container is restarted because its startup or liveness probe fails",
    ),
    rule(
        Rule::Readiness,
        "readiness",
        Unit::Seconds,
        None,
        "a container runs and is not ready: slow and broken look alike",
    ),
    rule(
        Rule::Unschedulable,
        "unschedulable",
        Unit::Seconds,
        Some(300),
        "a pod cannot be scheduled",
    ),
    rule(
        Rule::PodSetup,
        "podSetup",
        Unit::Seconds,
        Some(300),
        "the volumes or the network of a pod cannot be set up",
    ),
    rule(
        Rule::Refused,
        "refused",
        Unit::Seconds,
        Some(60),
        "pods may not be created, as by a quota that is used up",
    ),
    rule(
        Rule::Denied,
        "denied",
        Unit::Seconds,
        Some(15),
        "an admission webhook or a pod security standard refuses the pods",
    ),
    rule(Rule::PodFailed, "podFailed", Unit::Pods, Some(2), "pods fail as a whole on their nodes"),
    rule(
        Rule::StuckPod,
        "stuckPod",
        Unit::Seconds,
        Some(120),
        "a pod of an earlier change is not ready, and the StatefulSet waits for it",
    ),
    rule(
        Rule::Termination,
        "termination",
        Unit::Seconds,
        Some(300),
        "a pod does not end after its grace period, as on a lost node, and its place is not free",
    ),
    rule(
        Rule::Pods,
        "pods",
        Unit::Pods,
        Some(1),
        "how many new pods have to be in trouble where the trouble may be a pod's own",
    ),
];

/// The most that a value can be; in seconds it still fits a timer in milliseconds.
const MOST: u32 = 2_000_000;

/// How long each trouble may last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    settings: [Option<Setting>; RULES.len()],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Off,
    Value(u32),
}

/// Why the input `failAfter` cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesError(ErrorKind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    NoSetting(String),
    Unknown { name: String, similar: Option<&'static str> },
    BadValue { rule: &'static RuleInfo, value: String },
    Twice(&'static str),
}

const fn rule(
    rule: Rule,
    name: &'static str,
    unit: Unit,
    default: Option<u32>,
    about: &'static str,
) -> RuleInfo {
    RuleInfo { rule, name, unit, default, about }
}

impl Rule {
    /// Its name in the input, its unit and its default.
    #[must_use]
    pub const fn info(self) -> &'static RuleInfo {
        &RULES[self as usize]
    }
}

impl RuleInfo {
    /// The least value that has a meaning.
    const fn least(&self) -> u32 {
        match self.unit {
            Unit::Seconds | Unit::Restarts => 0,
            Unit::Pods => 1,
        }
    }
}

impl Rules {
    /// Reads the input `failAfter`; an empty one leaves every rule at its default.
    ///
    /// # Errors
    /// The first setting that is none.
    pub fn parse(text: &str) -> Result<Self, RulesError> {
        let mut rules = Self::default();
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty());
        for word in words {
            let no_setting = || RulesError(ErrorKind::NoSetting(word.to_owned()));
            let (name, value) = word.split_once('=').ok_or_else(no_setting)?;
            let Some(rule) = RULES.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)) else {
                let similar = nearest(name, RULES.iter().map(|rule| rule.name));
                return Err(RulesError(ErrorKind::Unknown { name: name.to_owned(), similar }));
            };
            let setting = parse_value(rule, value)
                .ok_or_else(|| RulesError(ErrorKind::BadValue { rule, value: value.to_owned() }))?;
            if rules.settings[rule.rule as usize].replace(setting).is_some() {
                return Err(RulesError(ErrorKind::Twice(rule.name)));
            }
        }
        Ok(rules)
    }

    /// The value of a rule, or `None` where it is off.
    pub(super) fn limit(&self, rule: Rule) -> Option<u32> {
        match self.settings[rule as usize] {
            Some(Setting::Off) => None,
            Some(Setting::Value(value)) => Some(value),
            None => rule.info().default,
        }
    }
}

fn parse_value(rule: &RuleInfo, value: &str) -> Option<Setting> {
    let count = match rule.unit {
        Unit::Seconds => parse_seconds(value),
        Unit::Restarts | Unit::Pods => value.parse().ok(),
    };
    if let Some(count) = count {
        return (rule.least()..=MOST).contains(&count).then_some(Setting::Value(count));
    }
    let is_off = switch::read(value) == Some(false) && rule.rule != Rule::Pods;
    is_off.then_some(Setting::Off)
}

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failAfter: ")?;
        match &self.0 {
            ErrorKind::NoSetting(word) => write!(
                f,
                "invalid setting {word:?}. Write NAME=VALUE, such as imagePull=2m or crashLoop=off."
            ),
            ErrorKind::Unknown { name, similar } => {
                write!(f, "unknown setting {name:?}. ")?;
                if let Some(similar) = similar {
                    write!(f, "Did you mean {similar}? ")?;
                }
                let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
                write!(f, "Use one of {}.", names.join(", "))
            }
            ErrorKind::BadValue { rule, value } => {
                let name = rule.name;
                let default = rule.default.map_or("off".to_owned(), |value| value.to_string());
                let what = match rule.unit {
                    Unit::Seconds => "seconds or a duration such as 90s or 2m",
                    Unit::Restarts => "a number of restarts",
                    Unit::Pods => "a number of pods",
                };
                let (least, or_off) =
                    (rule.least(), if rule.rule == Rule::Pods { "" } else { ", or off" });
                write!(
                    f,
                    "invalid value {value:?} of {name}. Use {what}, from {least} to {MOST}{or_off}. \
                     The default is {default}."
                )
            }
            ErrorKind::Twice(name) => write!(f, "{name} is set twice. Remove one of them."),
        }
    }
}

impl Coded for RulesError {
    fn code(&self) -> Code {
        code::INVALID_FAIL_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_at_its_place() {
        for (at, info) in RULES.iter().enumerate() {
            assert_eq!(info.rule as usize, at, "{}", info.name);
            assert!(RULES[..at].iter().all(|other| other.name != info.name), "{}", info.name);
        }
    }

    #[test]
    fn the_docs_give_a_reason_for_every_default() {
        let docs = include_str!("mod.rs");
        for RuleInfo { name, unit, default, .. } in RULES.iter().filter(|i| i.rule != Rule::Pods) {
            let value = match (unit, default) {
                (_, None) => "off".to_owned(),
                (Unit::Seconds, Some(0)) => "at once".to_owned(),
                (Unit::Seconds, Some(seconds)) => format!("{seconds} s"),
                (Unit::Restarts, Some(1)) => "1 restart".to_owned(),
                (Unit::Restarts, Some(restarts)) => format!("{restarts} restarts"),
                (Unit::Pods, Some(pods)) => format!("{pods} pods"),
            };
            assert!(docs.contains(&format!("//! - `{name}`, {value}")), "{name}");
        }
    }

    #[test]
    fn settings_stand_apart_by_spaces_commas_or_lines() {
        let rules =
            Rules::parse("imagePull=60 crashLoop=3,\n unschedulable=off,readiness=5").unwrap();
        assert_eq!(rules.limit(Rule::ImagePull), Some(60));
        assert_eq!(rules.limit(Rule::CrashLoop), Some(3));
        assert_eq!(rules.limit(Rule::Unschedulable), None);
        assert_eq!(rules.limit(Rule::Readiness), Some(5));
        assert_eq!(rules.limit(Rule::Config), Some(15));
        assert_eq!(
            Rules::parse("IMAGEPULL=1m crashloop=3 unschedulable=False readiness=5s"),
            Ok(rules)
        );
        assert_eq!(Rules::parse(" \n"), Ok(Rules::default()));
        assert_eq!(Rules::default().limit(Rule::Readiness), None);
    }

    #[test]
    fn what_is_no_setting_is_told_with_its_cure() {
        for (text, message) in [
            (
                "imagePull",
                "failAfter: invalid setting \"imagePull\". Write NAME=VALUE, such as imagePull=2m \
                 or crashLoop=off.",
            ),
            (
                "imagepul=60",
                "failAfter: unknown setting \"imagepul\". Did you mean imagePull? Use one of \
                 imageMissing, imagePull, config, crashLoop, outOfMemory, probe, readiness, \
                 unschedulable, podSetup, refused, denied, podFailed, stuckPod, termination, \
                 pods.",
            ),
            (
                "readiness=soon",
                "failAfter: invalid value \"soon\" of readiness. Use seconds or a duration such \
                 as 90s or 2m, from 0 to 2000000, or off. The default is off.",
            ),
            (
                "crashLoop=3m",
                "failAfter: invalid value \"3m\" of crashLoop. Use a number of restarts, from 0 \
                 to 2000000, or off. The default is 2.",
            ),
            (
                "pods=off",
                "failAfter: invalid value \"off\" of pods. Use a number of pods, from 1 to \
                 2000000. The default is 1.",
            ),
            (
                "podFailed=0",
                "failAfter: invalid value \"0\" of podFailed. Use a number of pods, from 1 to \
                 2000000, or off. The default is 2.",
            ),
            ("config=1 config=2", "failAfter: config is set twice. Remove one of them."),
        ] {
            assert_eq!(Rules::parse(text).unwrap_err().to_string(), message);
        }
    }
}
