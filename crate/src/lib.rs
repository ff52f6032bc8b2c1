//! The core of Kubectl Set Image: it decides what to run, whether it worked and what to say, and
//! does none of it.
//!
//! It is sans-IO: no clock, file, network, process or environment. A host hands in what happened
//! as [`Event`]s and carries out the [`Effect`]s it gets back.
//!
//! ```
//! use kubectl_set_image::{Core, Effect, Event, Verdict};
//!
//! let mut core = Core::new();
//! let inputs = [("command", "computeTag"), ("images", "contoso.azurecr.io/identityserver")];
//! let variables = [("Build.BuildId", "4125")];
//! let owned = |pairs: &[(&str, &str)]| {
//!     pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
//! };
//! let effects = core.handle(
//!     1_795_492_800_000,
//!     &Event::Started {
//!         inputs: owned(&inputs),
//!         variables: owned(&variables),
//!         agent: Box::default(),
//!     },
//! );
//! assert!(effects.contains(&Effect::SetVariable { name: "tag", value: "4125".into() }));
//! assert!(matches!(effects.last(), Some(Effect::Finish { result: Verdict::Succeeded, .. })));
//! ```
//!
//! # The contract
//! - Every event is handed in once, in the order of happening, with the time at which it happened.
//! - The effects of an event are carried out in order, and all of them before the next event is
//!   handed in. None is waited for: what comes of them comes back as an event.
//! - After [`Effect::Finish`] the run is over; further events give no effects.
//!
//! # The way of an image
//! [`inputs`] ▶ [`images`] and [`tag`] ▶ [`reference`] ▶ [`registry`] ▶ [`plan`] ▶ [`kubectl`]: a
//! line of text becomes references, the references get their tag, computed or out of an
//! [`images_file`], the registry says whether they are there and by which digest, the plan lays them
//! over the workloads, and the command lines come of the plan. [`rollout`] judges what the workloads
//! say afterwards; [`report`] has all the words; `run` is the machine that joins them.
//!
//! # The way of a login
//! [`inputs`] ▶ [`connection`] ▶ [`azure`] ▶ a kubeconfig: a service connection is read for what it
//! holds, a dialogue with Azure gets what it only leads to, and what comes of it is a file for
//! kubectl. A dialogue ([`http::Dialogue`]) is a pure machine of requests and answers, which the
//! host sends and hands back.

pub mod age;
pub mod azure;
pub mod connection;
pub mod http;
pub mod images;
pub mod images_file;
pub mod inputs;
pub mod kubeconfig;
pub mod kubectl;
pub mod kubernetes;
mod nearest;
pub mod plan;
pub mod protocol;
mod proxy;
pub mod record;
pub mod reference;
pub mod registry;
pub mod report;
pub mod rollout;
mod run;
pub mod secret;
pub mod selector;
mod story;
pub mod tag;
pub mod variables;
mod wasm;
pub mod workload;
pub mod yaml;

pub use protocol::{Agent, AgentProxy, Effect, Event, Stream, Style, Verdict};
pub use run::Core;
