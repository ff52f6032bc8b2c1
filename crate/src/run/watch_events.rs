//! Watch events out of a stream that is cut anywhere.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::rollout::Change;

/// The longest event, in bytes; etcd stores none of a tenth of it.
const LONGEST: usize = 16 * 1024 * 1024;

/// An event of a watch (`metav1.WatchEvent`). The object stays text until its type is known to be wanted, so that the code that reads it is
/// made once.
#[derive(Deserialize)]
struct RawEvent<'a> {
    r#type: String,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Takes every whole event from the front of the buffer. Events that carry no object (`BOOKMARK`,
/// `ERROR`) are left out: kubectl itself ends after an error.
///
/// # Errors
/// What comes next is no event of such an object, or is longer than one can be.
pub(crate) fn take<T: DeserializeOwned>(
    buffer: &mut Vec<u8>,
) -> Result<Vec<Change<T>>, serde_json::Error> {
    let mut events = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(buffer).into_iter::<RawEvent>();
    let mut taken = 0;
    while let Some(event) = stream.next() {
        match event {
            Ok(RawEvent { r#type, object }) => {
                let object = || serde_json::from_slice(object.get().as_bytes());
                match r#type.as_str() {
                    "ADDED" | "MODIFIED" => events.push(Change::Present(object()?)),
                    "DELETED" => events.push(Change::Deleted(object()?)),
                    _ => {}
                }
            }
            Err(error) if error.is_eof() && buffer.len() - taken <= LONGEST => break,
            Err(error) => return Err(error),
        }
        taken = stream.byte_offset();
    }
    buffer.drain(..taken);
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(buffer: &mut Vec<u8>) -> Vec<String> {
        let events = take::<serde_json::Value>(buffer).unwrap();
        events.iter().map(|event| format!("{event:?}")).collect()
    }

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_events() {
        let text = br#"{ "type": "ADDED", "object": {"a": "\u00e4}"} }
            {"type":"BOOKMARK","object":{}} { "object": {"a": "{\""}, "type": "MODIFIED" }
            {"type":"DELETED","object":{"a":"3"}}"#;
        let whole = taken(&mut text.to_vec());
        assert_eq!(whole.len(), 3);
        for cut in 0..text.len() {
            let mut buffer = text[..cut].to_vec();
            let mut events = taken(&mut buffer);
            buffer.extend_from_slice(&text[cut..]);
            events.extend(taken(&mut buffer));
            assert_eq!(events, whole, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for text in ["Unable to connect", r#"{"type":"ADDED","object":1}"#, "{}"] {
            assert!(take::<String>(&mut text.as_bytes().to_vec()).is_err(), "{text}");
        }
    }
}
