//! Control characters in lines of text: written as escapes, so that no value can begin a line of its own
//! or steer the reader's terminal.

use std::fmt::{self, Debug, Write};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

/// How the fields of a line are written: the message, then `name=value`, as `tracing_subscriber` does by
/// itself, but for control characters.
pub(super) fn fields() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    debug_fn(|writer, field, value| match field.name() {
        "message" => write_escaped(writer, value),
        // Of the `log` crate, for itself.
        name if name.starts_with("log.") => Ok(()),
        name => {
            write_name(writer, name)?;
            write_escaped(writer, value)
        }
    })
    .delimited(" ")
}

fn write_name(writer: &mut Writer<'_>, name: &str) -> fmt::Result {
    match writer.has_ansi_escapes() {
        true => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m"),
        false => write!(writer, "{name}="),
    }
}

fn write_escaped(writer: &mut Writer<'_>, value: &dyn Debug) -> fmt::Result {
    write!(Escaped(writer), "{value:?}")
}

/// Writes control characters as Rust's string literals do.
struct Escaped<W>(W);

impl<W: Write> Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for plain in text.split_inclusive(char::is_control) {
            let last = plain.chars().next_back().filter(|last| last.is_control());
            let Some(control) = last else {
                self.0.write_str(plain)?;
                continue;
            };
            self.0.write_str(&plain[..plain.len() - control.len_utf8()])?;
            write!(self.0, "{}", control.escape_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_begin_a_line_or_steer_a_terminal() {
        let mut line = String::new();
        write!(Escaped(&mut line), "user=a\nWARN b\r\x1b[2J\u{9b}c\tüd").unwrap();
        assert_eq!(line, r"user=a\nWARN b\r\u{1b}[2J\u{9b}c\tüd");
    }
}
