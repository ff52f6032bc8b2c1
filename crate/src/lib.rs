//! The core of Kubectl Set Image: it decides what to run, whether it worked and what to say, and
//! does none of it.
//!
//! It is sans-IO: no clock, file, network, process or environment. A host hands in what happened
//! as [`Event`]s and carries out the [`Effect`]s it gets back.
//!
//! ```
//! use kubectl_set_image::{Core, Effect, Event, TaskResult};
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
//! assert!(matches!(effects.last(), Some(Effect::Finish { result: TaskResult::Succeeded, .. })));
//! ```
//!
//! # The contract
//! - Every event is handed in once, in the order of happening, with the time at which it happened.
//! - The effects of an event are carried out in order, and all of them before the next event is
//!   handed in. None is waited for: what comes of them comes back as an event.
//! - After [`Effect::Finish`] the run is over; further events give no effects.
//!
//!
//! # The rooms
//! Eleven in a row; each imports only from those before it, and no file imports in a circle. A test
//! holds them to it.
//!
//! 1. [`host`]: what crosses the boundary: events, effects, requests over HTTP, secrets, the log's text, time.
//! 2. [`kubernetes`]: objects, kinds, selectors, requests to the API server, list and watch, who owns a workload.
//! 3. [`image`]: references and tags, the lines of the input `images`, the images file.
//! 4. [`registry`]: whether an image is there, by which digest, and where it comes from.
//! 5. [`login`]: service connections, Microsoft Entra ID and Azure, kubeconfigs, proxies.
//! 6. [`kubectl`]: command lines, how the program ends, and which release of it to get.
//! 7. [`rollout`]: the judgement, a pure function of what was seen.
//! 8. [`plan`]: what would change, what goes back, the record, downgrades.
//! 9. [`inputs`]: text to a typed request, or every error at once.
//! 10. [`report`]: all words: log, summary, attachment.
//! 11. `run`: the machine that joins them, one phase a file.
//!
//! `wasm` is the only file that knows JavaScript.

pub mod host;
pub mod image;
pub mod inputs;
pub mod kubectl;
pub mod kubernetes;
pub mod login;
pub mod plan;
pub mod registry;
pub mod report;
pub mod rollout;
mod run;
mod wasm;

pub use host::{Agent, AgentProxy, Effect, Event, Stream, Style, TaskResult};
pub use run::Core;
