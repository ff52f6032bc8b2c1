//! From the text of the input to the words of its lines, as a shell would read them.

/// Characters that nobody sees and that come along with pasted text: byte order marks and joiners.
const INVISIBLE: [char; 5] = ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}'];
/// What ends a line that goes on in the next one: in sh, PowerShell and cmd.
const CONTINUATIONS: [char; 3] = ['\\', '`', '^'];

/// A line of the input, with the lines that it goes on in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextLine {
    /// The number of its first line, from 1.
    pub(super) number: usize,
    /// Its text, without a comment at its end.
    pub(super) text: String,
    /// Its words.
    pub(super) words: Vec<Word>,
}

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word, without quotes.
    pub(super) text: String,
    /// Whether it begins with a quote.
    pub(super) quoted: bool,
}

impl Word {
    /// A word without quotes.
    pub(super) fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), quoted: false }
    }
}

/// The lines that have words. Line ends are those of any system.
pub(super) fn lines(text: &str) -> Vec<TextLine> {
    let text: String = text.chars().filter(|c| !INVISIBLE.contains(c)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<TextLine> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.split('\n')) {
        let (number, line) = match open.take() {
            Some((first, begin)) => (first, format!("{begin} {line}")),
            None => (number, line.to_owned()),
        };
        if let Some(begin) = continued(&line) {
            open = Some((number, begin.to_owned()));
        } else {
            lines.extend(read(number, &line));
        }
    }
    lines.extend(open.and_then(|(number, line)| read(number, &line)));
    lines
}

/// The line without the sign that it goes on in the next one.
fn continued(line: &str) -> Option<&str> {
    let (begin, words_end) = read_words(line);
    let code = line[..words_end].trim_end();
    let rest = code.strip_suffix(CONTINUATIONS)?;
    let parted = rest.is_empty() || rest.ends_with(char::is_whitespace);
    (parted && words_end == line.len() && !begin.is_empty()).then_some(rest)
}

fn read(number: usize, line: &str) -> Option<TextLine> {
    let (words, end) = read_words(line);
    let text = line[..end].trim().to_owned();
    (!words.is_empty()).then_some(TextLine { number, text, words })
}

/// The words of a line, and where they end: at a comment, which begins with a word that begins
/// with `#`, but for a token such as `#{ACR}#`. Quotes hold a word together, at its beginning and after a `=`.
fn read_words(line: &str) -> (Vec<Word>, usize) {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with('#') && !rest.starts_with("#{") {
            return (words, line.len() - rest.len());
        }
        let mut text = String::new();
        let mut quoted = false;
        while let Some(c) = rest.chars().next().filter(|c| !c.is_whitespace()) {
            let may_quote = matches!(c, '\'' | '"') && (text.is_empty() || text.ends_with('='));
            let after = &rest[c.len_utf8()..];
            if let Some((inner, after)) = after.split_once(c).filter(|_| may_quote) {
                quoted |= text.is_empty();
                text.push_str(inner);
                rest = after;
            } else {
                text.push(c);
                rest = after;
            }
        }
        words.push(Word { text, quoted });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(usize, Vec<String>)> {
        let words = |line: TextLine| line.words.into_iter().map(|word| word.text).collect();
        lines(text).into_iter().map(|line| (line.number, words(line))).collect()
    }

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, expected) in [
            ("a  b\tc", &["a", "b", "c"][..]),
            ("'a b' c", &["a b", "c"]),
            ("a=\"b c\" d", &["a=b c", "d"]),
            ("--selector='app in (a, b)'", &["--selector=app in (a, b)"]),
            ("a='b", &["a='b"]),
            ("it's b", &["it's", "b"]),
            ("a # b", &["a"]),
            ("a#b '# c' #", &["a#b", "# c"]),
            ("a\u{a0}b", &["a", "b"]),
            ("\u{feff}a\u{200b}b", &["ab"]),
        ] {
            let expected = expected.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(texts(text), [(1, expected)], "{text}");
        }
    }

    #[test]
    fn lines_end_as_on_any_system_and_may_go_on() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for text in ["a b\n\nc", "a b\r\n\r\nc", "a b\r\rc", "\u{feff}a b # x \\\n#\nc\n"] {
            assert_eq!(texts(text), [(1, words("a b")), (3, words("c"))], "{text:?}");
        }
        for text in ["a \\\n b\nc", "a `\r\n b\r\nc", "a ^\n b\nc \\"] {
            let found = texts(text);
            assert_eq!(found[0], (1, words("a b")), "{text:?}");
            assert_eq!((found[1].0, found.len()), (3, 2), "{text:?}");
        }
        assert_eq!(texts(" \n# a\n\t# b \\\n"), []);
    }
}
