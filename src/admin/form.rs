//! Whether a message has the form that PostgreSQL's protocol gives it.
//!
//! pgwire takes that for granted, and a message that breaks it would end in a panic: so each is
//! looked at before pgwire sees it.

use crate::protocol::reader::{Reader, UnexpectedEnd};

/// Whether the body of a frontend message of this type is complete and ends where it should; false
/// for types that have no business here (PostgreSQL manual, "Message Formats").
pub fn is_well_formed(tag: u8, body: &[u8]) -> bool {
    let mut reader = Reader::new(body);
    let read = match tag {
        b'Q' => reader.cstr().map(|_| ()),
        b'P' => parse(&mut reader),
        b'B' => bind(&mut reader),
        b'D' | b'C' => target(&mut reader),
        b'E' => execute(&mut reader),
        b'S' | b'H' | b'X' => Ok(()),
        _ => return false,
    };
    read.is_ok() && reader.is_empty()
}

fn parse(reader: &mut Reader<'_>) -> Result<(), UnexpectedEnd> {
    reader.cstr()?;
    reader.cstr()?;
    let types = count(reader)?;
    reader.take(types * 4).map(|_| ())
}

fn bind(reader: &mut Reader<'_>) -> Result<(), UnexpectedEnd> {
    reader.cstr()?;
    reader.cstr()?;
    let formats = count(reader)?;
    reader.take(formats * 2)?;
    let parameters = count(reader)?;
    // None, one for all, or one for each.
    if formats > 1 && formats != parameters {
        return Err(UnexpectedEnd);
    }
    for _ in 0..parameters {
        match reader.i32()? {
            -1 => {}
            len => drop(reader.take(usize::try_from(len).map_err(|_| UnexpectedEnd)?)?),
        }
    }
    let results = count(reader)?;
    reader.take(results * 2).map(|_| ())
}

fn target(reader: &mut Reader<'_>) -> Result<(), UnexpectedEnd> {
    match reader.u8()? {
        b'S' | b'P' => reader.cstr().map(|_| ()),
        _ => Err(UnexpectedEnd),
    }
}

fn execute(reader: &mut Reader<'_>) -> Result<(), UnexpectedEnd> {
    reader.cstr()?;
    reader.i32().map(|_| ())
}

/// A count of two bytes; pgwire reads some as signed, so none may be above 32,767.
fn count(reader: &mut Reader<'_>) -> Result<usize, UnexpectedEnd> {
    let count = i16::from_be_bytes([reader.u8()?, reader.u8()?]);
    usize::try_from(count).map_err(|_| UnexpectedEnd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::{BufMut, BytesMut};
    use pgwire::messages::{DecodeContext, PgWireFrontendMessage};
    use proptest::prelude::*;

    #[test]
    fn messages_of_drivers_are_well_formed() {
        for (tag, body) in [
            (b'Q', &b"SHOW POOLS\0"[..]),
            (b'P', b"\0SELECT $1\0\0\x01\0\0\0\x17"),
            (b'B', b"\0\0\0\x01\0\x01\0\x01\0\0\0\x01x\0\0"),
            (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xff\0\x01\0\x01"),
            (b'D', b"S\0"),
            (b'C', b"Pname\0"),
            (b'E', b"\0\0\0\0\0"),
            (b'S', b""),
        ] {
            assert!(is_well_formed(tag, body), "{}", tag as char);
        }
    }

    #[test]
    fn broken_messages_are_not() {
        for (tag, body) in [
            (b'Q', &b"SHOW POOLS"[..]),
            (b'Q', b"a\0b"),
            (b'P', b"\0SELECT\0\0\x02\0\0\0\x17"),
            (b'B', b"\0\0\0\0\0\x01\0\0\0\x09x\0\0"),
            (b'B', b"\0\0\0\x02\0\0\0\0\0\x01\xff\xff\xff\xff\0\0"),
            (b'B', b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0"),
            (b'D', b"X\0"),
            (b'E', b"\0\xff\xff\xff"),
            (b'S', b"x"),
            (b'd', b""),
            (b'p', b"secret\0"),
        ] {
            assert!(!is_well_formed(tag, body), "{}", tag as char);
        }
    }

    fn decodes(tag: u8, body: &[u8]) -> bool {
        let mut message = BytesMut::new();
        message.put_u8(tag);
        message.put_i32(i32::try_from(body.len() + 4).unwrap());
        message.put_slice(body);
        let mut context = DecodeContext::default();
        (context.awaiting_ssl, context.awaiting_startup) = (false, false);
        PgWireFrontendMessage::decode(&mut message, &context).unwrap().is_some()
            && message.is_empty()
    }

    proptest! {
        /// What passes here is read by pgwire to its end, without a panic.
        #[test]
        fn what_is_well_formed_can_be_read(
            tag in proptest::sample::select(b"QPBDCESHX".to_vec()),
            body in proptest::collection::vec(
                proptest::sample::select(vec![0u8, 0, 0, 0, 1, 2, 4, 255, b'S', b'P', b'x']), 0..40),
        ) {
            if is_well_formed(tag, &body) {
                prop_assert!(decodes(tag, &body));
            }
        }
    }
}
