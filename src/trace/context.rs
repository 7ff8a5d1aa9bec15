//! A caller's place in a trace: `traceparent` and `tracestate` of W3C Trace Context.
//!
//! The rules are those of <https://www.w3.org/TR/trace-context/>, sections 3.2 and 3.3.

/// The longest `tracestate` that is kept, bytes. The rules ask for 512; a longer one is not passed on.
const STATE_LEN_MAX: usize = 512;

/// Members of a `tracestate`: with more it is not one (section 3.3.1.1).
const MEMBERS_MAX: usize = 32;

/// Bytes of a `traceparent` of version 00. Later versions may have more behind a dash.
const PARENT_LEN: usize = 55;

/// The span of whoever sent a statement, as the statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace; never all zeros.
    pub trace_id: [u8; 16],
    /// The caller's span; never all zeros.
    pub span_id: [u8; 8],
    /// The flags of version 00: the lowest bit says whether the caller records its span.
    pub flags: u8,
    /// What tracing systems say to each other. Only kept of a trace that is recorded.
    pub state: Option<Box<str>>,
}

impl Context {
    /// Reads a `traceparent`. One that breaks the rules is no context. Allocates nothing.
    #[must_use]
    pub fn parse(parent: &[u8]) -> Option<Context> {
        let (version, rest) = hex_and_dash::<1>(parent)?;
        let (trace_id, rest) = hex_and_dash::<16>(rest)?;
        let (span_id, rest) = hex_and_dash::<8>(rest)?;
        let ([flags], behind) = hex::<1>(rest)?;
        let ends_well = match version {
            [0] => parent.len() == PARENT_LEN,
            [0xff] => false,
            _ => matches!(behind, [] | [b'-', ..]),
        };
        let is_valid = ends_well && trace_id != [0; 16] && span_id != [0; 8];
        is_valid.then_some(Context { trace_id, span_id, flags, state: None })
    }

    /// The same, with the `tracestate` beside it. One that breaks the rules is left out, as section
    /// 3.3.1 wants.
    #[must_use]
    pub fn with_state(self, state: &[u8]) -> Context {
        let kept = Some(state).filter(|state| self.is_sampled() && is_state(state));
        let kept = kept.and_then(|state| std::str::from_utf8(state).ok()).map(Into::into);
        Context { state: kept, ..self }
    }

    /// Whether the caller records its span.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }
}

/// So many bytes in hexadecimal, in small letters only, and what follows.
fn hex<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (digits, rest) = text.split_at_checked(2 * N)?;
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some((bytes, rest))
}

fn hex_and_dash<const N: usize>(text: &[u8]) -> Option<([u8; N], &[u8])> {
    let (bytes, rest) = hex(text)?;
    Some((bytes, rest.strip_prefix(b"-")?))
}

const fn digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Whether it is a list of `key=value` as section 3.3.1.3 has it; members may be empty.
fn is_state(state: &[u8]) -> bool {
    let mut members = state.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    state.len() <= STATE_LEN_MAX
        && members.clone().filter(|member| !member.is_empty()).count() <= MEMBERS_MAX
        && members.all(|member| member.is_empty() || is_member(member))
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'=', member) else { return false };
    let (key, value) = (&member[..at], &member[at + 1..]);
    let in_key =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/@".contains(byte);
    let in_value = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'=';
    let begins_well = key.first().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    begins_well && key.iter().all(in_key) && !value.is_empty() && value.iter().all(in_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn of(parent: &str) -> Option<Context> {
        Context::parse(parent.as_bytes())
    }

    fn state(state: &str) -> Option<Box<str>> {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        Context::parse(parent.as_bytes()).unwrap().with_state(state.as_bytes()).state
    }

    #[test]
    fn a_parent_is_read() {
        let context = of(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        assert_eq!((context.trace_id[0], context.trace_id[15]), (0x4b, 0x36));
        assert_eq!(context.span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        assert!(context.is_sampled() && context.state.is_none());
        assert!(!of(&format!("00-{TRACE}-{SPAN}-00")).unwrap().is_sampled());
        assert!(of(&format!("00-{TRACE}-{SPAN}-03")).unwrap().is_sampled(), "the random flag");
    }

    #[test]
    fn a_later_version_may_have_more() {
        assert!(of(&format!("01-{TRACE}-{SPAN}-01")).is_some());
        assert!(of(&format!("cc-{TRACE}-{SPAN}-01-what-will-be")).is_some());
        assert!(of(&format!("cc-{TRACE}-{SPAN}-01.what-will-be")).is_none());
    }

    #[test]
    fn what_breaks_the_rules_is_no_parent() {
        let (no_trace, no_span) = ("0".repeat(32), "0".repeat(16));
        for wrong in [
            "".to_owned(),
            "00".to_owned(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{no_trace}-{SPAN}-01"),
            format!("00-{TRACE}-{no_span}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0g"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("0-{TRACE}-{SPAN}-01"),
        ] {
            assert_eq!(of(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_state_is_kept_if_it_is_one_and_the_trace_is_recorded() {
        assert_eq!(state("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE").unwrap().len(), 39);
        assert!(state("a=1, ,b@c/d*e-f_g=x y").is_some());
        for wrong in ["A=1", "a", "a=", "=1", "a=1=2", "a=\u{fc}", "a=1;\tb", "-a=1"] {
            assert_eq!(state(wrong), None, "{wrong}");
        }
        assert!(state(&["a=1"; 32].join(",")).is_some());
        assert_eq!(state(&["a=1"; 33].join(",")), None);
        assert_eq!(state(&format!("a={}", "x".repeat(511))), None);
        let unsampled = format!("00-{TRACE}-{SPAN}-00");
        assert_eq!(of(&unsampled).unwrap().with_state(b"a=1").state, None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(parent: Vec<u8>, state: Vec<u8>) {
            let _ = Context::parse(&parent).map(|context| context.with_state(&state));
        }

        #[test]
        fn what_is_written_by_the_rules_is_read(
            trace in 1..u128::MAX, span in 1..u64::MAX, flags: u8, version in 0..0xffu8,
        ) {
            let text = format!("{version:02x}-{trace:032x}-{span:016x}-{flags:02x}");
            let context = of(&text).unwrap();
            prop_assert_eq!(context.trace_id, trace.to_be_bytes());
            prop_assert_eq!(context.span_id, span.to_be_bytes());
            prop_assert_eq!(context.flags, flags);
        }

        // Behind its version, which is no part of what it says.
        #[test]
        fn a_parent_that_was_damaged_is_none_or_another(at in 3..PARENT_LEN, byte: u8) {
            let text = format!("00-{TRACE}-{SPAN}-01");
            let mut damaged = text.clone().into_bytes();
            damaged[at] = byte;
            let same = damaged == text.as_bytes();
            prop_assert_eq!(Context::parse(&damaged) == of(&text), same);
        }
    }
}
