//! One token of PostgreSQL's SQL, as the lexer cuts it.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An identifier or keyword without quotes, in any case.
    Word = 1,
    /// `"identifier"`, quotes included in the text.
    QuotedWord,
    /// `U&"identifier"`: its name is only known after unescaping.
    UnicodeWord,
    /// A string whose end is certain: `'..'`, `E'..'`, `U&'..'`, `N'..'`, `$tag$..$tag$`.
    String,
    /// A `'..'` or `E'..'` in which a backslash may escape a quote or not: where it ends depends
    /// on the session. It is cut where it ends in most.
    UnclearString,
    /// `B'..'` or `X'..'`.
    Bits,
    /// An unsigned number.
    Number,
    /// `$1`.
    Parameter,
    /// A run of operator characters.
    Operator,
    /// One of `( ) [ ] , ; . :`, or `::`, `:=`, `..`.
    Punctuation,
    /// A literal, quoted identifier or comment that never ends.
    Unfinished,
    /// A byte that starts no token.
    Stray,
}

impl Kind {
    /// Whether only a value stands here, which never decides a class.
    #[must_use]
    pub const fn is_literal(self) -> bool {
        matches!(self, Self::String | Self::Bits | Self::Number | Self::Parameter)
    }

    /// Whether the text after such a token cannot be trusted to be cut as PostgreSQL cuts it, or
    /// the token's meaning is hidden.
    #[must_use]
    pub const fn is_unclear(self) -> bool {
        matches!(self, Self::UnicodeWord | Self::UnclearString | Self::Unfinished | Self::Stray)
    }
}

/// A token and the bytes that it was cut from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its bytes, quotes and prefixes included.
    pub text: &'a [u8],
}

impl Token<'_> {
    /// Whether this is the unquoted word `lower`, which is given in lower case.
    #[must_use]
    pub fn is_word(&self, lower: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(lower.as_bytes())
    }

    /// Whether this is the punctuation or operator `text`.
    #[must_use]
    pub fn is_mark(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Punctuation | Kind::Operator) && self.text == text.as_bytes()
    }
}
