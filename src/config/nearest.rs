//! "Did you mean": the known word nearest to one that is not known.

/// The known word that differs from `word` in the fewest letters, when it is near enough to be
/// what was meant: one letter in three.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = excerpt(word);
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `, did you mean "x"?`, or nothing when no known word is near.
pub(crate) fn did_you_mean<'a, I: IntoIterator<Item = &'a str>>(word: &str, known: I) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!(", did you mean \"{near}\"?"))
}

/// What is quoted of a value that may be a megabyte of anything: escaped and cut.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", excerpt(text))
}

/// Long enough for every name and address, short enough for a line of a log.
const EXCERPT_CHARS: usize = 80;

fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut kept: String = chars.by_ref().take(EXCERPT_CHARS).collect();
    if chars.next().is_some() {
        kept.push_str("...");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let known = ["listen_addr", "listen_port", "pool_mode"];
        assert_eq!(nearest("lisetn_port", known), Some("listen_port"));
        assert_eq!(nearest("poolmode", known), Some("pool_mode"));
    }

    #[test]
    fn a_foreign_word_finds_none() {
        assert_eq!(nearest("application_name", ["listen_addr", "pool_mode"]), None);
        assert_eq!(did_you_mean("x", ["pool_mode"]), "");
    }

    #[test]
    fn what_is_quoted_is_one_short_line() {
        let shown = quoted(&"a\n\u{1b}".repeat(1000));
        assert!(shown.len() < 500 && !shown.contains(['\n', '\u{1b}']), "{shown}");
    }
}
