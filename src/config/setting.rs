//! The definition of a setting, and the macro that makes struct, parser and manual from one table.

use super::kind::Kind;

/// When a changed value is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    /// By a reload: at once, or to connections opened from then on.
    AtReload,
    /// By a new start only.
    AtRestart,
}

/// What holds where nothing is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value, as it would be written.
    Value(String),
    /// What the words say; the example shows what could be written.
    Words {
        /// "the client's own user".
        words: &'static str,
        /// A value as it would be written.
        example: &'static str,
    },
}

/// Everything about one setting but its type.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name within its table.
    pub key: &'static str,
    /// What it does, in one to three sentences.
    pub doc: &'static str,
    /// When a changed value is applied.
    pub applies: Applies,
    /// Said when the setting is written although it has no effect in this version.
    pub note: Option<&'static str>,
    pub(crate) allowed: fn() -> String,
    pub(crate) fallback: fn() -> Fallback,
}

impl Setting {
    /// What may be written, in words.
    pub fn allowed(&self) -> String {
        (self.allowed)()
    }

    /// What holds where nothing is written.
    pub fn fallback(&self) -> Fallback {
        (self.fallback)()
    }
}

/// `Kind::allowed`, where the kind follows from the type of its values.
pub(crate) fn allowed<T, K: Kind<Value = T>>(kind: &K) -> String {
    kind.allowed()
}

/// `Kind::show`, where the kind follows from the type of its values.
pub(crate) fn show<T, K: Kind<Value = T>>(kind: &K, value: &T) -> String {
    kind.show(value)
}

/// Makes a struct of settings from the one table that defines them.
///
/// A row is `/// what it does`, then `key: Type = kind, fallback, at When;`, where the fallback is
/// `default VALUE`, or `unset "in words" like "an example"` for a struct that gets its base from
/// elsewhere. `note "..."` at the end says that the setting has no effect yet.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        $(#[derive($Derived:ident)])?
        pub struct $Name:ident {
            $(
                $(#[doc = $doc:literal])+
                $key:ident: $Type:ty = $kind:expr,
                $fallback:ident $value:expr $(, like $example:literal)?,
                at $when:ident
                $(, note $note:literal)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        $(#[derive($Derived)])?
        pub struct $Name {
            $( $(#[doc = $doc])+ pub $key: $Type, )+
        }

        impl $Name {
            /// The definitions, in the order of the manual.
            pub(crate) const SETTINGS: &'static [$crate::config::setting::Setting] = &[ $(
                $crate::config::setting::Setting {
                    key: stringify!($key),
                    doc: concat!($($doc),+).trim_ascii_start(),
                    applies: $crate::config::setting::Applies::$when,
                    note: $crate::config::setting::settings!(@note $($note)?),
                    allowed: || $crate::config::setting::allowed::<$Type, _>(&$kind),
                    fallback: || $crate::config::setting::settings!(
                        @fallback $fallback $value, $Type, $kind $(, $example)?
                    ),
                },
            )+ ];

            /// Replaces what was written, keeps the rest.
            pub(crate) fn read(
                self,
                reading: &mut $crate::config::source::written::Reading<'_>,
            ) -> Self {
                Self { $( $key: reading.value(stringify!($key), &$kind, self.$key), )+ }
            }

            /// Each key with its value, as it would be written.
            pub fn shown(&self) -> Vec<(&'static str, String)> {
                vec![ $( (
                    stringify!($key),
                    $crate::config::setting::show::<$Type, _>(&$kind, &self.$key),
                ), )+ ]
            }

            /// The keys whose values differ.
            pub fn differences(&self, other: &Self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $( if self.$key != other.$key { keys.push(stringify!($key)); } )+
                keys
            }
        }

        $crate::config::setting::settings!(@default $Name $( $key $fallback $value; )+);
    };

    (@note) => { None };
    (@note $note:literal) => { Some($note) };

    (@fallback default $value:expr, $Type:ty, $kind:expr) => {
        $crate::config::setting::Fallback::Value($crate::config::setting::show::<$Type, _>(
            &$kind, &$value,
        ))
    };
    (@fallback unset $words:expr, $Type:ty, $kind:expr, $example:literal) => {
        $crate::config::setting::Fallback::Words { words: $words, example: $example }
    };

    (@default $Name:ident $( $key:ident default $value:expr; )+) => {
        impl Default for $Name {
            fn default() -> Self {
                Self { $( $key: $value, )+ }
            }
        }
    };
    (@default $Name:ident $( $key:ident unset $value:expr; )+) => {};
}
pub(crate) use settings;
