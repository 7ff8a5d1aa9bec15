//! SCRAM messages: what is read, what is refused, and that no bytes can do worse.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::auth::Class;

const PROOF: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn a_client_begins() {
    let first = ClientFirst::parse(b"n,,n=user,r=abc").unwrap();
    assert_eq!(first.bare, b"n=user,r=abc");
    assert_eq!((first.binding, first.nonce.as_str()), ("biws", "abc"));
    assert_eq!(ClientFirst::parse(b"y,,n=,r=abc").unwrap().binding, "eSws");
    assert!(ClientFirst::parse(b"n,,n=,r=abc,x=optional").is_ok());
    assert!(ClientFirst::parse(b"n,,n=caf\xe9,r=abc").is_ok(), "the name is passed over");
}

#[test]
fn channel_binding_is_refused_with_the_setting_that_helps() {
    let failure = ClientFirst::parse(b"p=tls-server-end-point,,n=,r=abc").unwrap_err();
    assert_eq!(failure.class, Class::ProtocolViolation);
    assert!(failure.reason.contains("channel_binding"));
}

#[test]
fn a_client_cannot_begin_otherwise() {
    for bad in [
        "",
        "n",
        "n,",
        "n,,",
        ",,",
        "x,,n=,r=a",
        "n,a=bob,n=,r=a",
        "n,,m=x,n=,r=a",
        "n,,n=",
        "n,,r=a",
        "n,,n=,r=",
        "n,,n=,r=a b",
        "n,,n=,r=\u{e9}",
        "n,,n=,r=a,",
        "n,,n=,r=a,=b",
        "n,,n=,r=a,x=",
        "n,,n=,r=a,1=b",
        "nn,,n=,r=a",
    ] {
        assert!(ClientFirst::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_client_proves_itself() {
    let text = format!("c=biws,r=abcdef,x=y,p={PROOF}");
    let last = ClientFinal::parse(text.as_bytes()).unwrap();
    assert_eq!((last.binding, last.nonce), (b"biws".as_slice(), "abcdef"));
    assert_eq!(last.without_proof, b"c=biws,r=abcdef,x=y");
    assert_eq!(last.proof, [0; 32]);
}

#[test]
fn a_client_cannot_prove_itself_otherwise() {
    for bad in [
        String::new(),
        "c=biws,r=abc".to_owned(),
        "c=biws,r=abc,p=".to_owned(),
        "c=biws,r=abc,p=AAAA".to_owned(),
        format!("r=abc,c=biws,p={PROOF}"),
        format!("c=biws,p={PROOF}"),
        format!("c=biws,r=abc,p={PROOF},x=y"),
        format!("c=biws,r=abc,p={PROOF},"),
        format!("c=biws,r=abc,p={}", PROOF.replace('=', "")),
    ] {
        assert!(ClientFinal::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_server_says_how_it_salts() {
    let first = ServerFirst::parse(b"r=abc,s=c2FsdA==,i=4096,x=y").unwrap();
    assert_eq!(first.nonce, "abc");
    assert_eq!(first.salting, Salting::new(b"salt", Iterations::DEFAULT).unwrap());
    for bad in ["r=abc,s=c2FsdA==", "r=abc,s=,i=1", "r=abc,s=?,i=1", "m=x,r=abc,s=c2FsdA==,i=1"] {
        assert!(ServerFirst::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_server_cannot_make_us_burn_cpu() {
    let failure = ServerFirst::parse(b"r=abc,s=c2FsdA==,i=2000000000").unwrap_err();
    assert!(failure.reason.contains("scram_iterations"));
}

#[test]
fn a_server_proves_itself_or_gives_up() {
    assert!(ServerFinal::parse(format!("v={PROOF}").as_bytes()).is_ok());
    assert!(ServerFinal::parse(b"v=AAAA").is_err());
    let Err(failure) = ServerFinal::parse(b"e=invalid-proof") else { panic!() };
    assert_eq!(failure.class, Class::InvalidPassword);
    assert!(failure.reason.contains("invalid-proof"));
}

/// Bytes that look enough like SCRAM to get past the first check.
fn scram_like() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        "[nyp]".prop_map(String::into_bytes),
        "[a-z]=[ -~]{0,12}".prop_map(String::into_bytes),
        Just(format!("p={PROOF}").into_bytes()),
        Just(format!("v={PROOF}").into_bytes()),
        vec(any::<u8>(), 0..8),
    ];
    vec(part, 0..8).prop_map(|parts| parts.join(&b','))
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(
        bytes in prop_oneof![vec(any::<u8>(), 0..64), scram_like()],
    ) {
        let _ = ServerFirst::parse(&bytes);
        let _ = ServerFinal::parse(&bytes);
        if let Ok(first) = ClientFirst::parse(&bytes) {
            prop_assert!(bytes.ends_with(&first.bare));
        }
        if let Ok(last) = ClientFinal::parse(&bytes) {
            prop_assert!(bytes.starts_with(last.without_proof));
        }
    }
}
