//! What crosses between the core and its host: events in, effects out.
//!
//! Both are plain data. `task/src/protocol.ts` is made from the types here, so TypeScript and Rust
//! cannot drift apart.

mod agent;
pub mod code;
mod effect;
mod event;
pub mod http;
mod log_text;
pub(crate) mod nearest;
mod secret;
pub(crate) mod switch;
pub(crate) mod time;
pub mod variables;

pub use agent::{Agent, AgentProxy, Connection};
pub use code::{Code, Coded};
pub use effect::{ApiRequest, Effect, Launch, Style, TaskResult};
pub use event::{Event, Stream};
pub use log_text::LogText;
pub use secret::Secret;
pub use time::{Age, Millis};

/// The host's handle for a process it was asked to spawn. The core hands them out, never twice.
pub type ProcessId = u32;

/// The host's handle for a wait it was asked for. The core hands them out, never twice.
pub type TimerId = u32;

/// The host's handle for a request, or an assertion, that it was asked for. The core hands them out,
/// never twice.
pub type CallId = u32;

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use ts_rs::{Config, TS};

    use super::{
        http::{Answer, Assertion, Request},
        *,
    };

    /// `UPDATE_EXPECT=1 cargo test` writes the file anew.
    #[test]
    fn typescript_sees_the_same_types() {
        let config = Config::default();
        let declarations = [
            LogText::decl(&config),
            Secret::decl(&config),
            Event::decl(&config),
            Agent::decl(&config),
            Connection::decl(&config),
            AgentProxy::decl(&config),
            Answer::decl(&config),
            Stream::decl(&config),
            Effect::decl(&config),
            Launch::decl(&config),
            Request::decl(&config),
            ApiRequest::decl(&config),
            Assertion::decl(&config),
            Style::decl(&config),
            TaskResult::decl(&config),
        ];
        let mut file = String::from("// Made from crate/src/host by its tests. Do not edit.\n");
        for declaration in declarations {
            file.push_str("\nexport ");
            file.push_str(&declaration);
            file.push('\n');
        }
        expect_file!["../../../task/src/protocol.ts"].assert_eq(&file);
    }
}
