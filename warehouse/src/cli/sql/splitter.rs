//! Statements out of lines: one ends at a semicolon that stands in no text, name or comment.

/// What was read and has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    text: String,
    /// Where the search goes on.
    at: usize,
    inside: Inside,
}

/// In what the next character stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Inside {
    /// In nothing.
    #[default]
    Nothing,
    /// In a text or a name, until this character.
    Quotes(char),
    /// In a comment, until the end of the line.
    Line,
    /// In comments inside of each other, so many.
    Block(u32),
    /// In a text between two of these, such as `$$`.
    Dollars(String),
}

impl Splitter {
    /// Takes a line and gives the statements that end in it, each without its semicolon.
    pub(super) fn line(&mut self, line: &str) -> Vec<String> {
        self.text.push_str(line);
        self.text.push('\n');
        let mut statements = Vec::new();
        while let Some(end) = self.end() {
            let rest = self.text.split_off(end + 1);
            let statement = std::mem::replace(&mut self.text, rest);
            self.at = 0;
            statements.extend(said(&statement[..end]));
        }
        statements
    }

    /// True if nothing was begun that has not ended.
    pub(super) fn is_empty(&self) -> bool {
        said(&self.text).is_none()
    }

    /// What has not ended, as a statement: the last one may come without a semicolon. Nothing is left.
    pub(super) fn rest(&mut self) -> Option<String> {
        said(&std::mem::take(self).text)
    }

    /// Where the first statement ends.
    fn end(&mut self) -> Option<usize> {
        while let Some(next) = self.text[self.at..].chars().next() {
            let here = &self.text[self.at..];
            let mut step = next.len_utf8();
            match &mut self.inside {
                Inside::Nothing => match next {
                    ';' => return Some(self.at),
                    '\'' | '"' => self.inside = Inside::Quotes(next),
                    '-' if here.starts_with("--") => self.inside = Inside::Line,
                    '/' if here.starts_with("/*") => (self.inside, step) = (Inside::Block(1), 2),
                    '$' => {
                        if let Some(tag) = dollars(here) {
                            (step, self.inside) = (tag.len(), Inside::Dollars(tag));
                        }
                    }
                    _ => {}
                },
                // A doubled quote ends the text and begins it again.
                Inside::Quotes(quote) if next == *quote => self.inside = Inside::Nothing,
                Inside::Line if next == '\n' => self.inside = Inside::Nothing,
                Inside::Block(depth) if here.starts_with("/*") => (*depth, step) = (*depth + 1, 2),
                Inside::Block(depth) if here.starts_with("*/") => {
                    (*depth, step) = (*depth - 1, 2);
                    if *depth == 0 {
                        self.inside = Inside::Nothing;
                    }
                }
                Inside::Dollars(tag) if here.starts_with(tag.as_str()) => {
                    step = tag.len();
                    self.inside = Inside::Nothing;
                }
                _ => {}
            }
            self.at += step;
        }
        None
    }
}

/// The mark at the beginning, such as `$$` or `$a$`, between two of which a text stands. `$1` is none.
fn dollars(text: &str) -> Option<String> {
    let (name, _) = text[1..].split_once('$')?;
    let is_name =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    is_name.then(|| format!("${name}$"))
}

/// The statement, if there is one.
fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Aim: statements end at semicolons outside of texts, names and comments, over as many lines as they have.
    #[test]
    fn statements_end_at_semicolons() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.line("SELECT 1; SELECT ';', \";\" -- no; end"), ["SELECT 1"]);
        assert!(!splitter.is_empty());
        assert_eq!(
            splitter.line("/* none; /* here */ ; */ ; ;SELECT"),
            ["SELECT ';', \";\" -- no; end\n/* none; /* here */ ; */"]
        );
        assert_eq!(splitter.line("$$a;$$, 'it''s; one', $x$;$$;$x$;"), ["SELECT\n$$a;$$, 'it''s; one', $x$;$$;$x$"]);
        assert!(splitter.is_empty());
        assert_eq!(splitter.line("SELECT 'é;"), Vec::<String>::new());
        assert_eq!(splitter.line("'"), Vec::<String>::new());
        assert_eq!(splitter.rest().as_deref(), Some("SELECT 'é;\n'"));
        assert!(splitter.is_empty() && splitter.rest().is_none());
    }
}
