//! Stack for parsing and dropping a tree, in proportion to the text.

/// What one token can cost: the parser recurses at most once a token, and was measured at up to
/// 82 kB for that in a debug build and 13 kB in an optimized one.
const BYTES_PER_TOKEN: usize = if cfg!(debug_assertions) { 128 << 10 } else { 16 << 10 };

/// What any text costs, in tokens.
const TOKENS_ALWAYS: usize = 4;

/// What the longest text can cost: the parser's recursion has a limit of its own (measured: 10 MB
/// in a debug build, 1.4 MB in an optimized one), and a tree as deep as the rest of the tokens
/// must be dropped.
const MAX_BYTES: usize = if cfg!(debug_assertions) { 16 << 20 } else { 2 << 20 };

/// Runs `work` on a stack that is large enough for a text of `tokens` tokens: the caller's own if
/// that has room, as it has for most texts, otherwise one that lives as long as the call.
pub(super) fn with_room<T>(tokens: usize, work: impl FnOnce() -> T) -> T {
    let bytes = (TOKENS_ALWAYS + tokens).saturating_mul(BYTES_PER_TOKEN).min(MAX_BYTES);
    stacker::maybe_grow(bytes, bytes, work)
}
