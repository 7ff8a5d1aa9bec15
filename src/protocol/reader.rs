//! A cursor over the body of one message; it can only fail by running out of bytes.

/// The body ended before what was asked for. The only error of [`Reader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message is shorter than its fields")]
pub struct UnexpectedEnd;

/// Takes fields from the front of a message body.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A cursor at the first byte of `body`.
    pub fn new(body: &'a [u8]) -> Self {
        Reader { rest: body }
    }

    /// What has not been taken yet.
    pub fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been taken.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], UnexpectedEnd> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Result<u8, UnexpectedEnd> {
        let (first, rest) = self.rest.split_first().ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A 32-bit number, most significant byte first.
    pub fn i32(&mut self) -> Result<i32, UnexpectedEnd> {
        let (first, rest) = self.rest.split_first_chunk::<4>().ok_or(UnexpectedEnd)?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*first))
    }

    /// The bytes before the next zero byte, which is taken too.
    pub fn cstr(&mut self) -> Result<&'a [u8], UnexpectedEnd> {
        let end = memchr::memchr(0, self.rest).ok_or(UnexpectedEnd)?;
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_in_order() {
        let mut reader = Reader::new(b"abc\0\x00\x00\x01\x02Z");
        assert_eq!(reader.cstr(), Ok(&b"abc"[..]));
        assert_eq!(reader.i32(), Ok(258));
        assert_eq!(reader.u8(), Ok(b'Z'));
        assert!(reader.is_empty());
        assert_eq!(reader.u8(), Err(UnexpectedEnd));
    }

    #[test]
    fn a_missing_terminator_is_an_early_end() {
        assert_eq!(Reader::new(b"abc").cstr(), Err(UnexpectedEnd));
        assert_eq!(Reader::new(b"abc").i32(), Err(UnexpectedEnd));
        assert_eq!(Reader::new(b"abc").take(4), Err(UnexpectedEnd));
    }
}
