//! `cargo +nightly fuzz run parsers`, in the folder `crate`: no text breaks a parser.
#![no_main]

use kubectl_set_image::{
    host::variables::Variables,
    image::{
        file::ImagesFile,
        lines::{self, Needs},
        reference::{Reference, Tag},
        tag::{
            sanitise::{Unique, sanitise},
            template::Template,
            version,
        },
    },
    kubernetes::selector,
    plan::record::Record,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(reference.to_string(), text);
    }
    if let Ok(tag) = Tag::parse(text) {
        assert_eq!(tag.as_str(), text);
        let _ = version::from_tag(text);
    }
    for needs in [Needs::Images, Needs::Workloads] {
        let _ = lines::parse(text, needs, &Variables::default());
    }
    for unique in [Unique::Yes, Unique::No] {
        if let Some(tag) = sanitise(text, unique) {
            assert!(Tag::parse(tag.as_str()).is_ok());
        }
    }
    let _ = Template::parse(text);
    let _ = ImagesFile::parse(text);
    let _ = selector::parse(text);
    let _ = Record::read(text);
});
