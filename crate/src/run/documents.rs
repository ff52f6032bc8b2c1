//! JSON documents out of a stream that is cut anywhere.

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

/// The longest document, in bytes; etcd stores none of a tenth of it.
const LONGEST: usize = 16 * 1024 * 1024;

/// An event of a watch (`metav1.WatchEvent`).
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "object", rename_all = "UPPERCASE")]
pub(crate) enum WatchEvent<T> {
    /// An object is there, for the first time on this watch.
    Added(T),
    /// An object changed.
    Modified(T),
    /// An object is gone; this is its last state.
    Deleted(T),
    /// Nothing happened.
    Bookmark(IgnoredAny),
    /// The watch cannot go on.
    Error(IgnoredAny),
}

/// Takes every whole document from the front of the buffer.
///
/// # Errors
/// What comes next is no document of this type, or is longer than one can be.
pub(crate) fn take<T: DeserializeOwned>(buffer: &mut Vec<u8>) -> Result<Vec<T>, serde_json::Error> {
    let mut documents = Vec::new();
    let mut stream = serde_json::Deserializer::from_slice(buffer).into_iter::<T>();
    let mut taken = 0;
    while let Some(document) = stream.next() {
        match document {
            Ok(document) => documents.push(document),
            Err(error) if error.is_eof() && buffer.len() - taken <= LONGEST => break,
            Err(error) => return Err(error),
        }
        taken = stream.byte_offset();
    }
    buffer.drain(..taken);
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_cut_anywhere_gives_the_same_documents() {
        let text = br#"{ "a": "\u00e4}" }
            { "a": "{\"" }{"a":"3"}"#;
        let whole = take::<serde_json::Value>(&mut text.to_vec()).unwrap();
        assert_eq!(whole.len(), 3);
        for cut in 0..text.len() {
            let mut buffer = text[..cut].to_vec();
            let mut documents = take::<serde_json::Value>(&mut buffer).unwrap();
            buffer.extend_from_slice(&text[cut..]);
            documents.extend(take::<serde_json::Value>(&mut buffer).unwrap());
            assert_eq!(documents, whole, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_json_is_an_error() {
        assert!(take::<serde_json::Value>(&mut b"Unable to connect".to_vec()).is_err());
    }
}
