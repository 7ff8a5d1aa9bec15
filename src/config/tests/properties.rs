//! Whatever is thrown at it, reading ends with settings or mistakes.

use proptest::prelude::*;

use super::section::Section;
use super::*;

/// Any key that exists, in a table that may have it or not.
fn key() -> impl Strategy<Value = String> {
    let groups = Section::ALL.iter().flat_map(|section| section.groups());
    let keys: Vec<_> = groups.flat_map(|group| group.settings).map(|s| s.key.to_owned()).collect();
    prop_oneof![4 => prop::sample::select(keys), 1 => "[a-z_.\"*]{1,12}"]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,25}",
        "\"[0-9]{1,20}(ms|s|min|h|d|kB|)\"",
        "\"(session|require|verify-ca|wait|trust|auto|\\*|::1|/tmp|[$][{]A[}]|file:/x)\"",
        "\"postgres://[a-z:@/?=&%,\\[\\].0-9]{0,30}\"",
        "\\[(\"[a-z/:.0-9]{0,9}\", ){0,3}\\]",
        "(true|false|1e9|inf|2020-01-01|\\{\\}|\\[\\[1\\]\\])",
        any::<String>(),
    ]
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (key(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        2 => prop::sample::select(vec![
            "[pooler]", "[routing]", "[databases.app]", "[databases.\"*\"]", "[users.u]",
            "[metrics]", "[databases]", "[[users]]", "[nope]", "", "# x",
        ]).prop_map(str::to_owned),
    ]
}

fn is_placed(mistake: &mistake::Remark, lines: usize) -> bool {
    match &mistake.place {
        mistake::Place::File { line, .. } => (1..=lines.max(1)).contains(line),
        _ => false,
    }
}

proptest! {
    #[test]
    fn any_text_is_settings_or_mistakes(text in any::<String>()) {
        let _ = load(&text, &[]);
    }

    #[test]
    fn any_lines_are_settings_or_mistakes_each_on_one_of_them(
        lines in prop::collection::vec(line(), 0..20),
    ) {
        let text = lines.join("\n");
        if let Err(mistakes) = load(&text, &[]) {
            let count = text.matches('\n').count() + 1;
            prop_assert!(mistakes.iter().count() > 0);
            prop_assert!(mistakes.iter().all(|m| is_placed(m, count)), "{mistakes}\n---\n{text}");
            prop_assert_eq!(mistakes.iter().count(), mistakes.to_string().lines().count());
        }
    }

    #[test]
    fn any_variable_is_settings_or_mistakes(
        name in "PGWEIR_(POOLER|DATABASES_APP|USERS|ROUTING|X)_[A-Z_]{0,20}",
        value in any::<String>(),
    ) {
        let _ = load(SMALLEST, &[(&name, &value)]);
    }
}
