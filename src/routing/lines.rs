//! `pgweir route -`: statements in, one a line; explanations out.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};

use super::explain::Explainer;
use super::{Catalog, Classifier};

/// The longest line that is read, newline included. Far more than the classifier looks at; JSON
/// may need six bytes for one of a statement's.
pub const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

/// Explains every line of `input`, a statement, on `output`; empty lines are skipped.
///
/// # Errors
/// Only those of `input` and `output` themselves.
pub fn run_lines(
    explainer: &Explainer,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(complete) = next_line(&mut input, &mut line)? {
        let sql = String::from_utf8_lossy(&line);
        match complete {
            true if sql.trim().is_empty() => {}
            true => writeln!(output, "{}", explainer.explain(&sql))?,
            false => writeln!(output, "{TOO_LONG}")?,
        }
    }
    output.flush()
}

/// The same where a line is JSON: a string, an object with the key `sql`, or `{"reload": true}`,
/// which has `read` get the catalog anew. Every answer is an object on one line; a line that is
/// nothing of this is answered by `{"error": ...}`, and so is a catalog that cannot be read; the
/// next line is read.
///
/// # Errors
/// Only those of `input` and `output` themselves.
pub fn run_json_lines(
    explainer: &mut Explainer,
    read: impl Fn(&Classifier) -> Result<Catalog, String>,
    mut input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    while let Some(complete) = next_line(&mut input, &mut line)? {
        if complete {
            answer(explainer, &read, &line, &mut output)?;
        } else {
            write_json(&mut output, &Failure::new(TOO_LONG))?;
        }
        // Whoever asks line by line waits for each answer.
        output.flush()?;
    }
    Ok(())
}

const TOO_LONG: &str = "the line is longer than 16 MB";

/// A line of the JSON form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    Text(String),
    Object {
        sql: String,
        /// Whether the session's server has said so, in an encoding in which a backslash is one.
        #[serde(default)]
        standard_conforming_strings: bool,
    },
    Order {
        reload: bool,
    },
}

#[derive(Serialize)]
struct Reloaded {
    reloaded: bool,
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

fn answer(
    explainer: &mut Explainer,
    read: impl Fn(&Classifier) -> Result<Catalog, String>,
    line: &[u8],
    output: impl Write,
) -> io::Result<()> {
    match serde_json::from_slice(line) {
        Ok(Question::Object { sql, standard_conforming_strings: true }) => {
            write_json(output, &explainer.explain_standard(&sql))
        }
        Ok(Question::Text(sql) | Question::Object { sql, .. }) => {
            write_json(output, &explainer.explain(&sql))
        }
        Ok(Question::Order { reload: true }) => match explainer.renew(read) {
            Ok(()) => write_json(output, &Reloaded { reloaded: true }),
            Err(error) => write_json(output, &Failure::new(error)),
        },
        Ok(Question::Order { reload: false }) => write_json(output, &Failure::new(NEITHER)),
        Err(error) => write_json(output, &Failure::new(complaint(&error))),
    }
}

const NEITHER: &str = "the line is neither a JSON string, nor an object with a string \"sql\", \
                       nor {\"reload\": true}";

fn complaint(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => NEITHER.to_owned(),
        _ => format!("the line is not JSON: {error}"),
    }
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
    use crate::routing::catalog::tests::catalog;

    /// What the catalog says the first time, the second ...
    fn answers_with(input: &[u8], catalogs: Vec<Result<Catalog, String>>) -> String {
        let mut output = Vec::new();
        let mut explainer = Explainer::new(Classifier::new([1, 2]), true);
        let catalogs = std::cell::RefCell::new(catalogs.into_iter());
        let read = |_: &Classifier| catalogs.borrow_mut().next().unwrap();
        run_json_lines(&mut explainer, read, input, &mut output).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn answers(input: &[u8], json: bool) -> String {
        if json {
            return answers_with(input, Vec::new());
        }
        let mut output = Vec::new();
        let explainer = Explainer::new(Classifier::new([1, 2]), true);
        run_lines(&explainer, input, &mut output).unwrap();
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
        let input = "7\n{}\n{\"sql\": 7}\n{\"reload\": false}\nSELECT 1\n\n\"SELECT 1\"";
        let answers = json(input);
        assert_eq!(answers.len(), 7);
        assert!(answers[..6].iter().all(|answer| answer["error"].is_string()));
        assert_eq!(answers[6]["access"], "read");
    }

    #[test]
    fn a_reload_has_the_catalog_read_anew() {
        let input = "{\"reload\": true}\n\"SELECT f(1)\"\n".repeat(3);
        let rows = |safe| format!("function | public | f | f | {safe} | f | -");
        let catalogs = vec![
            Ok(catalog(&rows("f")).of_generation(2)),
            Ok(catalog(&rows("t")).of_generation(3)),
            Err("no login".to_owned()),
        ];
        let answers = answers_with(input.as_bytes(), catalogs);
        let lines: Vec<serde_json::Value> =
            answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let word = |at: usize, key: &str| lines[at][key].as_str().unwrap_or_default().to_owned();
        assert_eq!((&lines[0]["reloaded"], &lines[2]["reloaded"]), (&true.into(), &true.into()));
        assert_eq!(word(1, "reason"), "volatile_function");
        assert_eq!(word(3, "reason"), "read");
        assert_eq!(word(4, "error"), "no login");
        assert_eq!(word(5, "reason"), "catalog_unknown");
    }

    #[test]
    fn a_session_may_tell_where_strings_end() {
        let sql = "SELECT a LIKE b ESCAPE '\\\\'";
        let known = format!("{{\"sql\": \"{sql}\", \"standard_conforming_strings\": true}}");
        let answers = json(&format!("{{\"sql\": \"{sql}\"}}\n{known}\n"));
        assert_eq!(answers[0]["reason"], "backslash");
        assert_eq!(answers[1]["reason"], "read");
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
