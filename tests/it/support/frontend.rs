//! Messages that a client sends (PostgreSQL manual, "Message Formats", those marked F).

/// The protocol version that every client speaks.
const VERSION_3_0: u32 = 196_608;

/// The first message: no type byte.
pub fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    startup_of(VERSION_3_0, parameters)
}

/// The first message, in another version of the protocol: the major number in the upper half.
pub fn startup_of(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend(string(name));
        body.extend(string(value));
    }
    body.push(0);
    untyped(&body)
}

pub fn ssl_request() -> Vec<u8> {
    untyped(&80_877_103_u32.to_be_bytes())
}

pub fn gssenc_request() -> Vec<u8> {
    untyped(&80_877_104_u32.to_be_bytes())
}

pub fn cancel_request(pid: i32, key: &[u8]) -> Vec<u8> {
    let mut body = 80_877_102_u32.to_be_bytes().to_vec();
    body.extend(pid.to_be_bytes());
    body.extend(key);
    untyped(&body)
}

/// `PasswordMessage`, `SASLInitialResponse` and `SASLResponse` have the same type.
pub fn password(body: &[u8]) -> Vec<u8> {
    typed('p', body)
}

pub fn query(sql: &str) -> Vec<u8> {
    typed('Q', &string(sql))
}

/// With the parameters' types left to the server.
pub fn parse(statement: &str, sql: &str) -> Vec<u8> {
    typed('P', &[string(statement), string(sql), 0_u16.to_be_bytes().to_vec()].concat())
}

/// Parameters and results in text format; `None` is NULL.
pub fn bind(portal: &str, statement: &str, parameters: &[Option<&str>]) -> Vec<u8> {
    let mut body = [string(portal), string(statement), vec![0, 0]].concat();
    body.extend(count(parameters.len()));
    for parameter in parameters {
        body.extend(value(*parameter));
    }
    body.extend([0, 0]);
    typed('B', &body)
}

pub fn describe_statement(statement: &str) -> Vec<u8> {
    typed('D', &[b"S".to_vec(), string(statement)].concat())
}

pub fn describe_portal(portal: &str) -> Vec<u8> {
    typed('D', &[b"P".to_vec(), string(portal)].concat())
}

/// All rows.
pub fn execute(portal: &str) -> Vec<u8> {
    execute_some(portal, 0)
}

/// At most `rows` rows; 0 is all.
pub fn execute_some(portal: &str, rows: i32) -> Vec<u8> {
    typed('E', &[string(portal), rows.to_be_bytes().to_vec()].concat())
}

pub fn close_statement(statement: &str) -> Vec<u8> {
    typed('C', &[b"S".to_vec(), string(statement)].concat())
}

pub fn close_portal(portal: &str) -> Vec<u8> {
    typed('C', &[b"P".to_vec(), string(portal)].concat())
}

pub fn sync() -> Vec<u8> {
    typed('S', &[])
}

pub fn flush() -> Vec<u8> {
    typed('H', &[])
}

pub fn terminate() -> Vec<u8> {
    typed('X', &[])
}

pub fn copy_data(data: &[u8]) -> Vec<u8> {
    typed('d', data)
}

pub fn copy_done() -> Vec<u8> {
    typed('c', &[])
}

pub fn copy_fail(reason: &str) -> Vec<u8> {
    typed('f', &string(reason))
}

/// Any message: the length is right, the rest is the test's to get wrong.
pub fn typed(tag: char, body: &[u8]) -> Vec<u8> {
    [vec![u8::try_from(tag).unwrap()], untyped(body)].concat()
}

/// Any message without a type byte.
pub fn untyped(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// A string with its closing zero byte.
pub fn string(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

/// A 16-bit count.
pub(super) fn count(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap().to_be_bytes()
}

/// A value with its length, or NULL.
pub(super) fn value(value: Option<&str>) -> Vec<u8> {
    match value {
        None => (-1_i32).to_be_bytes().to_vec(),
        Some(value) => {
            let length = i32::try_from(value.len()).unwrap();
            [&length.to_be_bytes(), value.as_bytes()].concat()
        }
    }
}
