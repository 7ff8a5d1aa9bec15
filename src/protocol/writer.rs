//! Appends whole messages to a buffer; the length is filled in when the body is there.

/// Appends one message: its tag, a length, and the body that `body` appends.
///
/// A body longer than 2 GB cannot be said in the protocol; the messages made here have bounded
/// parts, so the length saturates instead of failing.
pub fn message(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    untagged(out, body);
}

/// Appends a message without a tag, as everything before a client's login is.
pub fn untagged(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    let length = i32::try_from(out.len() - start).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Appends `text` and its terminator. A zero byte inside would end it early for the reader, so
/// what follows one is left out.
pub fn cstr(out: &mut Vec<u8>, text: &[u8]) {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    out.extend_from_slice(&text[..end]);
    out.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_counts_itself_and_the_body() {
        let mut out = vec![b'x'];
        message(&mut out, b'Q', |body| cstr(body, b"select 1"));
        assert_eq!(out, b"xQ\0\0\0\x0dselect 1\0");
    }

    #[test]
    fn a_zero_byte_cannot_smuggle_a_field() {
        let mut out = Vec::new();
        cstr(&mut out, b"a\0b");
        assert_eq!(out, b"a\0");
    }
}
