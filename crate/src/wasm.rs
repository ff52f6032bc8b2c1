//! The boundary to JavaScript, and the only file that knows it.

use js_sys::{JSON, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::host::{Event, Millis};

/// One run of the step, for the host.
#[wasm_bindgen]
#[derive(Default)]
pub struct Core(crate::Core);

#[wasm_bindgen]
impl Core {
    /// A run that waits for its `started` event.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event (`Event` of protocol.ts) that happened at `now`, in milliseconds since 1970;
    /// the bytes of an `output`, `responseChunk` or `answered` event come beside it. Gives back an array of `Effect`.
    ///
    /// # Errors
    /// The event is none of those in protocol.ts.
    #[allow(clippy::cast_possible_truncation, clippy::needless_pass_by_value)]
    pub fn handle(
        &mut self,
        now: f64,
        event: JsValue,
        chunk: Option<Uint8Array>,
    ) -> Result<JsValue, JsValue> {
        let text = String::from(JSON::stringify(&event)?);
        let mut event: Event = serde_json::from_slice(text.as_bytes()).map_err(describe)?;
        let bytes = match &mut event {
            Event::Output { chunk, .. } | Event::ResponseChunk { chunk, .. } => Some(chunk),
            Event::Answered { answer, .. } => Some(&mut answer.body),
            _ => None,
        };
        if let (Some(bytes), Some(chunk)) = (bytes, chunk) {
            *bytes = chunk.to_vec();
        }
        let effects = self.0.handle(now as Millis, &event);
        JSON::parse(&serde_json::to_string(&effects).map_err(describe)?)
    }
}

#[allow(clippy::needless_pass_by_value)]
fn describe(error: serde_json::Error) -> JsValue {
    JsError::new(&error.to_string()).into()
}
