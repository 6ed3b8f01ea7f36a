//! A value of the old file: the words of a shell, without the shell.

use std::iter::Peekable;
use std::str::Chars;

/// Said of `+=`.
pub(super) const APPENDS: &str = "would need a shell to append to a value; write the whole value";

pub(super) const COMMAND: &str =
    "would need a shell to run a command; the file is read and never run: write the value itself";
pub(super) const VARIABLE: &str = "would need a shell to fill in a variable: write the value itself, or put it into single quotes if `$` belongs to it";
pub(super) const OPERATOR: &str = "holds a character that a shell would act on: put the value into single quotes";
pub(super) const UNCLOSED: &str =
    "has a quote that is not closed on its line: put a value with a quote in it into quotes of the other kind";
pub(super) const AFTER: &str =
    "has something after its closing quote: one value a line, and a comment begins with a blank and `#`";
pub(super) const TWO: &str =
    "has a second name=value on its line: put each on a line of its own, or the value into quotes";
pub(super) const CONTINUES: &str = "ends with a backslash: a value stands on one line";

/// True for what a shell takes as a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// What stands behind the `=`, read: quotes, backslashes and a comment are taken away. Says what is wrong, and shows
/// nothing of the value.
pub(super) fn read(text: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut rest = text.trim_start().chars().peekable();
    // A comment may follow a blank only; `name= # comment` has one.
    if text.starts_with([' ', '\t']) && rest.peek() == Some(&'#') {
        return Ok(value);
    }
    let mut quoted = false;
    while let Some(letter) = rest.next() {
        match letter {
            '\'' => {
                quoted = true;
                single(&mut rest, &mut value)?;
            }
            '"' => {
                quoted = true;
                double(&mut rest, &mut value)?;
            }
            ' ' | '\t' => {
                let mut blanks = String::from(letter);
                while let Some(blank) = rest.next_if(|next| matches!(next, ' ' | '\t')) {
                    blanks.push(blank);
                }
                match rest.peek().copied() {
                    None | Some('#') => break,
                    Some(_) if quoted => return Err(AFTER),
                    Some(_) if begins_assignment(&rest) => return Err(TWO),
                    Some('&') => return Err(OPERATOR),
                    Some(_) => value.push_str(&blanks),
                }
            }
            '\\' => value.push(rest.next().ok_or(CONTINUES)?),
            '`' => return Err(COMMAND),
            '$' => {
                expands(rest.peek(), true)?;
                value.push('$');
            }
            ';' | '|' | '<' | '>' => return Err(OPERATOR),
            // Inside a word it may be a URL's; else a shell would begin a second command.
            '&' if value.is_empty() || rest.peek().is_none_or(|next| matches!(next, ' ' | '\t' | '&')) => {
                return Err(OPERATOR);
            }
            letter => value.push(letter),
        }
    }
    Ok(value)
}

/// Between single quotes everything is itself.
fn single(rest: &mut Peekable<Chars<'_>>, value: &mut String) -> Result<(), &'static str> {
    loop {
        match rest.next().ok_or(UNCLOSED)? {
            '\'' => return Ok(()),
            letter => value.push(letter),
        }
    }
}

/// Between double quotes a backslash frees four characters, and two begin what only a shell can do.
fn double(rest: &mut Peekable<Chars<'_>>, value: &mut String) -> Result<(), &'static str> {
    loop {
        match rest.next().ok_or(UNCLOSED)? {
            '"' => return Ok(()),
            '\\' => match rest.next_if(|next| matches!(next, '"' | '\\' | '$' | '`')) {
                Some(freed) => value.push(freed),
                None => value.push('\\'),
            },
            '`' => return Err(COMMAND),
            '$' => {
                expands(rest.peek(), false)?;
                value.push('$');
            }
            letter => value.push(letter),
        }
    }
}

/// Refuses a `$` in whose place a shell would put something else. Before a blank or at the end it is itself.
fn expands(next: Option<&char>, bare: bool) -> Result<(), &'static str> {
    match next {
        Some('(') => Err(COMMAND),
        Some('\'' | '"') if bare => Err(VARIABLE),
        Some('{' | '_' | '@' | '*' | '#' | '?' | '$' | '!' | '-') => Err(VARIABLE),
        Some(letter) if letter.is_ascii_alphanumeric() => Err(VARIABLE),
        _ => Ok(()),
    }
}

/// True if the next word is `name=…`.
fn begins_assignment(rest: &Peekable<Chars<'_>>) -> bool {
    let word: String = rest.clone().take_while(|letter| !matches!(letter, ' ' | '\t')).collect();
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}
