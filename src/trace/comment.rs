//! sqlcommenter's comments at both ends of a statement's text.
//!
//! Only comments that nothing else can be are looked at: a valid text that ends in `*/` ends in a
//! comment, and one that begins with `/*` begins with one. So no lexer is needed, and a text without
//! such a comment costs a look at its first and its last bytes.

use super::context::Context;
use memchr::memmem;
use std::ops::Range;

/// The longest comment that is looked at, bytes: a `tracestate` of 512 takes 1,536 with all of it
/// in percent signs, and the other values are names of routes and controllers.
const COMMENT_LEN_MAX: usize = 4096;

/// Comments that are looked at on each side: applications and their frameworks have one each.
const COMMENTS_MAX: usize = 4;

/// The longest `traceparent`, bytes. Version 00 has 55; what later ones may add is not known.
const PARENT_LEN_MAX: usize = 128;

/// The keys of W3C Trace Context.
const PARENT: &[u8] = b"traceparent";
const STATE: &[u8] = b"tracestate";

/// The context that a comment of `text` names, which may be any bytes. The last comment that
/// has a `traceparent` counts; in it the first one does.
#[must_use]
pub fn context_of(text: &[u8]) -> Option<Context> {
    if !may_have_comments(text) {
        return None;
    }
    behind(text).chain(in_front(text)).find_map(|comment| {
        let inside = &text[comment];
        memmem::find(inside, PARENT)?;
        let pairs = || Pairs::new(inside);
        let mut room = [0; PARENT_LEN_MAX];
        let context = decoded(pairs().find(|pair| pair.key == PARENT)?.value, &mut room);
        let context = Context::parse(context?)?;
        match pairs().find(|pair| pair.key == STATE) {
            Some(pair) if context.is_sampled() => {
                let mut room = vec![0; pair.value.len()];
                Some(match decoded(pair.value, &mut room) {
                    Some(state) => context.with_state(state),
                    None => context,
                })
            }
            _ => Some(context),
        }
    })
}

/// `text` without the context that its comments name, if they name one; everything else in them
/// stays. Texts that differ only in that are the same then.
///
/// In a comment in front spaces take its place, so that an error is still said to be at the right
/// character; one behind is cut.
#[must_use]
#[inline]
pub fn without_context(text: &[u8]) -> Option<Vec<u8>> {
    if may_have_comments(text) { cut(text) } else { None }
}

/// Whether a look at both ends leaves it open.
fn may_have_comments(text: &[u8]) -> bool {
    let opens = |byte: &u8| *byte == b'/' || byte.is_ascii_whitespace();
    text.first().is_some_and(opens) || text.last().is_some_and(|byte| opens(byte) || *byte == b';')
}

fn cut(text: &[u8]) -> Option<Vec<u8>> {
    let mut cut: Vec<(Range<usize>, bool)> = Vec::new();
    for (comment, is_behind) in
        behind(text).map(|comment| (comment, true)).chain(in_front(text).map(|c| (c, false)))
    {
        cut.extend(traces(text, comment).map(|range| (range, is_behind)));
    }
    if cut.is_empty() {
        return None;
    }
    let mut left = Vec::with_capacity(text.len());
    let mut at = 0;
    cut.sort_unstable_by_key(|(range, _)| range.start);
    for (range, is_behind) in cut {
        left.extend_from_slice(&text[at..range.start]);
        if !is_behind {
            left.extend(std::iter::repeat_n(b' ', range.len()));
        }
        at = range.end;
    }
    left.extend_from_slice(&text[at..]);
    Some(left)
}

/// What is to be taken out of one comment: the whole of it, if it says nothing else.
fn traces(text: &[u8], comment: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let inside = &text[comment.clone()];
    let has_any = memmem::find(inside, b"trace").is_some();
    let pairs = move || Pairs::new(if has_any { inside } else { b"" });
    let is_trace = |pair: &Pair<'_>| pair.key == PARENT || pair.key == STATE;
    let ends_with = |pair: &Pair<'_>| inside[pair.range.end..].trim_ascii().is_empty();
    let is_whole =
        pairs().all(|pair| is_trace(&pair)) && pairs().last().is_some_and(|p| ends_with(&p));
    let whole = is_whole.then(|| comment.start - 2..comment.end + 2);
    let some = pairs().filter(move |pair| !is_whole && is_trace(pair));
    let some =
        some.map(move |pair| comment.start + pair.range.start..comment.start + pair.range.end);
    whole.into_iter().chain(some)
}

/// What is inside the comments that the text ends with, the last one first.
fn behind(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut end = trimmed_len(text);
    let next = move || {
        let close = text[..end].strip_suffix(b"*/")?.len();
        let from = close.saturating_sub(COMMENT_LEN_MAX);
        let inside = from + memmem::rfind(&text[from..close], b"/*")? + 2;
        memmem::find(&text[inside..close], b"*/").is_none().then_some(())?;
        end = trimmed_len(&text[..inside - 2]);
        Some(inside..close)
    };
    std::iter::from_fn(next).take(COMMENTS_MAX)
}

/// What is inside the comments that the text begins with, but for those that it ends with.
fn in_front(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let end = behind(text).last().map_or(text.len(), |comment| comment.start - 2);
    let mut rest = 0..end;
    let next = move || {
        let front = text[rest.clone()].trim_ascii_start();
        let inside = rest.end - front.strip_prefix(b"/*")?.len();
        let to = rest.end.min(inside + COMMENT_LEN_MAX);
        let close = inside + memmem::find(&text[inside..to], b"*/")?;
        memmem::find(&text[inside..close], b"/*").is_none().then_some(())?;
        rest.start = close + 2;
        Some(inside..close)
    };
    std::iter::from_fn(next).take(COMMENTS_MAX)
}

/// How long it is without the white space and semicolons at its end.
fn trimmed_len(text: &[u8]) -> usize {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || *byte == b';';
    text.iter().rposition(|byte| !is_end(byte)).map_or(0, |last| last + 1)
}

/// `key='value'` in a comment. The quotes may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pair<'a> {
    /// All of it, with the comma behind it.
    range: Range<usize>,
    key: &'a [u8],
    /// As it is written, with percent signs.
    value: &'a [u8],
}

/// The pairs of a comment, as far as it has the form.
#[derive(Clone, Debug)]
struct Pairs<'a> {
    inside: &'a [u8],
    at: usize,
}

impl<'a> Pairs<'a> {
    fn new(inside: &'a [u8]) -> Self {
        // Spaces take the place of characters, so a byte must be one.
        Pairs { inside: if inside.is_ascii() { inside } else { b"" }, at: 0 }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        let rest = &self.inside[self.at..];
        let start = self.at + rest.len() - rest.trim_ascii_start().len();
        let rest = &self.inside[start..];
        let equals = memchr::memchr(b'=', rest)?;
        let (key, mut value) = (rest[..equals].trim_ascii(), &rest[equals + 1..]);
        let len = value_len(value)?;
        let range = start..(start + equals + 1 + len + 1).min(self.inside.len());
        value = value[..len].trim_ascii();
        self.at = range.end;
        if let Some(quoted) = value.strip_prefix(b"'") {
            value = quoted.strip_suffix(b"'")?;
        }
        Some(Pair { range, key, value })
    }
}

/// How long a value is, up to the comma behind it or to the end. In quotes a comma is one of its
/// characters, and a backslash takes the meaning from a quote.
fn value_len(value: &[u8]) -> Option<usize> {
    let quoted = value.trim_ascii_start();
    let Some(quoted) = quoted.strip_prefix(b"'") else {
        return Some(memchr::memchr(b',', value).unwrap_or(value.len()));
    };
    let mut escaped = false;
    let close = quoted.iter().position(|byte| {
        let closes = *byte == b'\'' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })?;
    let behind = &quoted[close + 1..];
    let blank = behind.len() - behind.trim_ascii_start().len();
    match behind.get(blank) {
        None | Some(b',') => Some(value.len() - behind.len() + blank),
        Some(_) => None,
    }
}

/// A value without its percent signs and backslashes (sqlcommenter, "Value serialization"), if
/// there is room for it.
fn decoded<'r>(value: &[u8], room: &'r mut [u8]) -> Option<&'r [u8]> {
    let mut len = 0;
    for byte in percent_encoding::percent_decode(value).filter(|byte| *byte != b'\\') {
        *room.get_mut(len)? = byte;
        len += 1;
    }
    Some(&room[..len])
}

#[cfg(test)]
mod tests;
