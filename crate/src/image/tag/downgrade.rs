//! Whether an image goes back to an older version of itself.

use std::cmp::Ordering;

use crate::image::{reference::Reference, tag::version::compare};

/// How the image that is to be set stands to the one that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It is older.
    Back,
    /// It is another one of the same repository, and nothing tells which is older.
    Unknown,
    /// It is newer, the same, or of another repository.
    Forward,
}

/// Which tags have an order, where they look as if they had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordered {
    /// Versions, numbers and build numbers.
    All,
    /// Plain numbers alone: what else the tags are made of is not known.
    Numbers,
    /// None: commits have no order, though some look like numbers, and a hash has none.
    None,
}

impl Ordered {
    /// Whether two images may be compared.
    #[must_use]
    pub fn holds(self, new: &str, old: &str) -> bool {
        let is_number = |image: &str| {
            let image = Reference::parse(image).ok();
            let tag = image.as_ref().and_then(Reference::tag);
            tag.is_some_and(|tag| tag.as_str().bytes().all(|b| b.is_ascii_digit()))
        };
        match self {
            Self::All => true,
            Self::Numbers => is_number(new) && is_number(old),
            Self::None => false,
        }
    }
}

/// Compares an image with the one that it replaces, by their tags.
#[must_use]
pub fn direction(new: &str, old: &str) -> Direction {
    if new == old {
        return Direction::Forward;
    }
    let (Ok(new), Ok(old)) = (Reference::parse(new), Reference::parse(old)) else {
        return Direction::Forward;
    };
    if !new.same_repository(&old) {
        return Direction::Forward;
    }
    let tags = new.tag().zip(old.tag());
    if tags.is_some_and(|(new, old)| new == old) {
        return Direction::Forward;
    }
    match tags.and_then(|(new, old)| compare(new.as_str(), old.as_str())) {
        Some(Ordering::Less) => Direction::Back,
        Some(_) => Direction::Forward,
        None => Direction::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_order_does_not_go_back() {
        let (version, number) =
            (("a.io/app:1.4.1", "a.io/app:1.4.2"), ("a.io/app:4124", "a.io/app:4125"));
        let mixed = ("a.io/app:20261124.1", "a.io/app:20261124.2");
        for (ordered, held) in [
            (Ordered::All, [true, true, true]),
            (Ordered::Numbers, [false, true, false]),
            (Ordered::None, [false, false, false]),
        ] {
            let holds = [version, number, mixed].map(|(new, old)| ordered.holds(new, old));
            assert_eq!(holds, held, "{ordered:?}");
        }
    }

    #[test]
    fn only_images_of_one_repository_are_compared() {
        for (new, old, expected) in [
            ("a.io/app:1.4.1", "a.io/app:1.4.2", Direction::Back),
            ("a.io/app:1.4.2", "a.io/app:1.4.1", Direction::Forward),
            ("a.io/app:4124", "a.io/app:4125", Direction::Back),
            ("nginx:1.26.1", "docker.io/library/nginx:1.27.0", Direction::Back),
            ("a.io/app:1.4.1", "b.io/app:1.4.2", Direction::Forward),
            ("a.io/app:1.4.1", "a.io/app:main-7", Direction::Unknown),
            ("a.io/app:1.4.1", "a.io/app", Direction::Unknown),
            ("a.io/app:main", "a.io/app:main", Direction::Forward),
            ("nginx:main", "docker.io/library/nginx:main", Direction::Forward),
            ("a.io/app:1.4.1", "no reference", Direction::Forward),
        ] {
            assert_eq!(direction(new, old), expected, "{new} {old}");
        }
    }
}
