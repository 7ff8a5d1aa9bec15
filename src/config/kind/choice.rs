//! Settings that take one of a few words.

use std::marker::PhantomData;

use super::raw::Raw;
use super::{Kind, Outside};
use crate::config::nearest::did_you_mean;

/// A type with a word for each of its values; made by [`choice!`].
pub(crate) trait Choice: Copy + PartialEq + 'static {
    /// Each value and the word that stands for it in the file.
    const WORDS: &'static [(&'static str, Self)];
    /// Words that are known and refused, each with the reason.
    const REFUSED: &'static [(&'static str, &'static str)];
}

/// Declares a type with a word for each of its values.
macro_rules! choice {
    (
        $(#[$about:meta])+
        pub enum $Name:ident { $( $(#[$doc:meta])+ $Variant:ident = $word:literal, )+ }
        $( refused { $( $other:literal: $why:literal, )+ } )?
    ) => {
        $(#[$about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $Name { $( $(#[$doc])+ $Variant, )+ }

        impl $Name {
            /// The word that stands for it in pooler.toml.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$Variant => $word, )+ }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::config::kind::choice::Choice for $Name {
            const WORDS: &'static [(&'static str, Self)] = &[ $( ($word, Self::$Variant), )+ ];
            const REFUSED: &'static [(&'static str, &'static str)] =
                &[ $( $( ($other, $why), )+ )? ];
        }
    };
}
pub(crate) use choice;

/// One of the words of `T`.
pub(crate) struct OneOf<T>(PhantomData<T>);

/// One of the words of `T`.
pub(crate) const fn one_of<T: Choice>() -> OneOf<T> {
    OneOf(PhantomData)
}

impl<T: Choice> Kind for OneOf<T> {
    type Value = T;

    fn read(&self, raw: &Raw, _: &Outside<'_>) -> Result<T, String> {
        let text = raw.text()?;
        if let Some((_, value)) = T::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        if let Some((word, why)) = T::REFUSED.iter().find(|(word, _)| *word == text) {
            return Err(format!("\"{word}\" is refused: {why}"));
        }
        let suggestion = did_you_mean(text, T::WORDS.iter().map(|(word, _)| *word));
        Err(format!("{} is not known{suggestion}", raw.quoted()))
    }

    fn show(&self, value: &T) -> String {
        let word = T::WORDS.iter().find(|(_, v)| v == value).map_or("", |(word, _)| *word);
        format!("\"{word}\"")
    }

    fn allowed(&self) -> String {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        words.join(" | ")
    }
}
