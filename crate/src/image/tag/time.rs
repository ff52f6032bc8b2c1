//! The time at which the pipeline began, in a form of one's own.

/// `System.PipelineStartTime`, such as `2026-11-24 04:00:00+00:00`: the digits as they stand there,
/// in the time zone that the server wrote them in (UTC on Azure DevOps Services).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartTime<'a> {
    year: &'a str,
    month: &'a str,
    day: &'a str,
    hour: &'a str,
    minute: &'a str,
    second: &'a str,
}

/// The form that `{date}` alone has.
pub const DEFAULT_FORM: &str = "yyyyMMdd";
/// What a form can be made of, beside characters that are no letters.
pub const PARTS: [&str; 7] = ["yyyy", "yy", "MM", "dd", "HH", "mm", "ss"];

impl<'a> StartTime<'a> {
    /// Reads the variable's value; `None` where it is no such time.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let shape = b"dddd-dd-dd dd:dd:dd";
        let head = text.get(..shape.len())?;
        let fits = head.bytes().zip(shape).all(|(found, wanted)| match wanted {
            b'd' => found.is_ascii_digit(),
            b' ' => found == b' ' || found == b'T',
            wanted => found == *wanted,
        });
        fits.then(|| Self {
            year: &head[..4],
            month: &head[5..7],
            day: &head[8..10],
            hour: &head[11..13],
            minute: &head[14..16],
            second: &head[17..],
        })
    }

    /// The time in this form: every run of one letter is replaced by its part.
    ///
    /// # Errors
    /// The first run of letters that is no part.
    pub fn format(self, form: &str) -> Result<String, String> {
        let mut text = String::new();
        let mut rest = form;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|c| c != first).unwrap_or(rest.len());
            let (run, after) = rest.split_at(end);
            match run {
                "yyyy" => text.push_str(self.year),
                "yy" => text.push_str(&self.year[2..]),
                "MM" => text.push_str(self.month),
                "dd" => text.push_str(self.day),
                "HH" => text.push_str(self.hour),
                "mm" => text.push_str(self.minute),
                "ss" => text.push_str(self.second),
                run if first.is_alphabetic() => return Err(run.to_owned()),
                run => text.push_str(run),
            }
            rest = after;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_place() {
        let time = StartTime::parse("2026-11-24 04:05:06+00:00").unwrap();
        for (form, text) in [
            (DEFAULT_FORM, "20261124"),
            ("yyyyMMdd-HHmm", "20261124-0405"),
            ("yy.MM.dd_HHmmss", "26.11.24_040506"),
            ("", ""),
        ] {
            assert_eq!(time.format(form).unwrap(), text);
        }
        assert_eq!(time.format("yyyyMMDD"), Err("DD".to_owned()));
        assert_eq!(time.format("yyyyMMddTHH"), Err("T".to_owned()));
        assert_eq!(StartTime::parse("2026-11-24T04:05:06Z"), Some(time));
        let on_premises = StartTime::parse("2021-10-21 08:28:33+02:00").unwrap();
        assert_eq!(on_premises.format("yyyyMMdd-HHmmss").unwrap(), "20211021-082833");
        for text in ["", "24.11.2026 04:05:06", "2026-11-24", "2026-11-24 04:05:0ü"] {
            assert_eq!(StartTime::parse(text), None, "{text}");
        }
    }
}
