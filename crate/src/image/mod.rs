//! Images: references and their tags, the lines of the input `images`, the images file.

pub mod file;
pub mod lines;
pub mod reference;
pub mod tag;
