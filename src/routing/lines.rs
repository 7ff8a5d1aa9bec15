//! `pgweir route -`: statements in, one a line; explanations out.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use super::explain::Explainer;

/// The longest line that is read, newline included. Far more than the classifier looks at; JSON
/// may need six bytes for one of a statement's.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Explains every line of `input` on `output`.
///
/// With `json`, a line is a JSON string or an object with the key `sql`, and so is every answer an
/// object on one line; a line that is neither is answered by `{"error": ...}`, and the next one is
/// read. Without `json`, a line is the statement itself, and empty lines are skipped.
///
/// # Errors
/// Only those of `input` and `output` themselves.
pub fn run_lines(
    explainer: &Explainer,
    mut input: impl BufRead,
    mut output: impl Write,
    json: bool,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(complete) = next_line(&mut input, &mut line)? {
        match (json, complete) {
            (true, true) => answer_json(explainer, &line, &mut output)?,
            (true, false) => write_json(&mut output, &Failure::new(TOO_LONG))?,
            (false, true) => answer_text(explainer, &line, &mut output)?,
            (false, false) => writeln!(output, "{TOO_LONG}")?,
        }
    }
    output.flush()
}

const TOO_LONG: &str = "the line is longer than 16 MB";

/// A line of the JSON form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    Text(String),
    Object { sql: String },
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

impl Failure {
    fn new(error: impl Into<String>) -> Self {
        Self { error: error.into() }
    }
}

fn answer_json(explainer: &Explainer, line: &[u8], output: impl Write) -> io::Result<()> {
    match serde_json::from_slice(line) {
        Ok(Question::Text(sql) | Question::Object { sql }) => {
            write_json(output, &explainer.explain(&sql))
        }
        Err(error) => write_json(output, &Failure::new(complaint(&error))),
    }
}

fn complaint(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => {
            "the line is neither a JSON string nor an object with a string \"sql\"".to_owned()
        }
        _ => format!("the line is not JSON: {error}"),
    }
}

fn answer_text(explainer: &Explainer, line: &[u8], mut output: impl Write) -> io::Result<()> {
    let sql = String::from_utf8_lossy(line);
    if sql.trim().is_empty() { Ok(()) } else { writeln!(output, "{}", explainer.explain(&sql)) }
}

fn write_json(mut output: impl Write, answer: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut output, answer)?;
    output.write_all(b"\n")
}

/// Reads the next line without its newline and says whether it fitted; none at the end. The rest
/// of a line that does not fit is skipped.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let read = input.take(MAX_LINE_BYTES as u64).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read == MAX_LINE_BYTES {
        input.skip_until(b'\n')?;
        return Ok(Some(false));
    }
    Ok((read > 0).then_some(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Classifier;

    fn answers(input: &[u8], json: bool) -> String {
        let mut output = Vec::new();
        let explainer = Explainer::new(Classifier::new([1, 2]), true);
        run_lines(&explainer, input, &mut output, json).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn json(input: &str) -> Vec<serde_json::Value> {
        let answers = answers(input.as_bytes(), true);
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_string_or_an_object_is_answered_by_an_object() {
        let answers = json("\"SELECT 1\"\n{\"sql\": \"DELETE FROM t\", \"id\": 7}\n");
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0]["sql"], "SELECT 1");
        assert_eq!(answers[0]["access"], "read");
        assert_eq!(answers[0]["role"], "replica");
        assert_eq!(answers[1]["access"], "write");
        assert_eq!(answers[1]["reason"], "write");
        assert!(answers[1]["detail"].is_string());
    }

    #[test]
    fn a_line_that_is_neither_is_an_error_and_the_next_is_read() {
        let input = "7\n{}\n{\"sql\": 7}\nSELECT 1\n\n\"SELECT 1\"";
        let answers = json(input);
        assert_eq!(answers.len(), 6);
        assert!(answers[..5].iter().all(|answer| answer["error"].is_string()));
        assert_eq!(answers[5]["access"], "read");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_or_a_statement() {
        assert!(answers(b"\"\xff\"\n", true).contains("error"));
        assert!(answers(b"SELECT '\xff'\n", false).starts_with("replica: read"));
    }

    #[test]
    fn a_line_without_end_is_skipped_in_bounded_memory() {
        let mut input = vec![b' '; MAX_LINE_BYTES + 10];
        input.extend(b"\n\"SELECT 1\"\n");
        let answers = answers(&input, true);
        let lines: Vec<_> = answers.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains("longer than 16 MB"));
        assert!(lines[1].contains("replica"));
    }

    #[test]
    fn without_json_a_line_is_a_statement() {
        let answers = answers(b"SELECT 1\n\nLOCK t\n", false);
        assert!(answers.starts_with("replica: read, read"));
        assert!(answers.contains("primary: write, write"));
    }
}
