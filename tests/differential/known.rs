//! What may differ between PostgreSQL and pgweir, each with its reason. Everything else is a defect.

/// pgweir reports its version, so that a driver can see that it talks to a pooler.
pub fn is_our_parameter(name: &str) -> bool {
    name == "pgweir_version"
}

/// In a COPY from the client any other message is a violation. PostgreSQL has not read the rest of it then: it says
/// so twice, and ends. pgweir knows where the next message begins, says it once, and ends.
const LOST: &str = "E VERROR; C08P01; Munexpected message type";
const ENDS: &str = "E VFATAL; C08P01";

/// A statement that waits for a server when it is canceled has not begun: pgweir adds that.
const NOT_STARTED: &str =
    "; DThe statement was waiting for a server connection and was not started.";

/// A line without what may differ in it; `None` if it may be there or not.
pub fn plain(line: &str) -> Option<String> {
    match line {
        line if line.starts_with(LOST) => None,
        line if line.starts_with(ENDS) => Some(ENDS.to_owned()),
        line => Some(line.replace(NOT_STARTED, "")),
    }
}

/// A server that lacks a statement cannot prepare it in a transaction that has failed. PostgreSQL has it, and may
/// describe it, or find another fault in how it is bound, where pgweir can say 25P02 only.
const FAILED: &str = "E VERROR; C25P02";

/// Which line of `told` is the first that is not as expected. More may be expected than has been told.
pub fn first_difference(told: &[String], expected: &[String]) -> Option<usize> {
    let (mut at, mut beside, mut failed) = (0, 0, false);
    while at < told.len() {
        let same = expected.get(beside) == Some(&told[at]);
        if !same && failed && told[at].starts_with(FAILED) && beside < expected.len() {
            at += up_to_ready(&told[at..]);
            beside += up_to_ready(&expected[beside..]);
            continue;
        }
        if !same {
            return Some(at);
        }
        if told[at].starts_with('Z') {
            failed = told[at].starts_with("Z E");
        }
        (at, beside) = (at + 1, beside + 1);
    }
    None
}

fn up_to_ready(lines: &[String]) -> usize {
    lines.iter().position(|line| line.starts_with('Z')).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn what_differs_is_found() {
        let expected = lines(&["login", "1", "Z T", "C A", "Z E", "t", "n", "Z E", "2"]);
        assert_eq!(first_difference(&expected[..4], &expected), None);
        assert_eq!(first_difference(&lines(&["login", "2"]), &expected), Some(1));
        let failed = "E VERROR; C25P02; M";
        let told = lines(&["login", "1", "Z T", "C A", "Z E", failed, "Z E", "2"]);
        assert_eq!(first_difference(&told, &expected), None);
        let told = lines(&["login", "1", "Z T", failed]);
        assert_eq!(first_difference(&told, &expected), Some(3));
        assert_eq!(first_difference(&lines(&["a", "b"]), &lines(&["a"])), Some(1));
    }
}
