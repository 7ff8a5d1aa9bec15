//! Logins to servers that are strange, weak or hostile.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::scram::{Iterations, Salting};
use super::super::tests::{ended, login, md5, password, plain, salts, scram, sent, start};
use super::super::{Class, Method};
use super::*;

fn credentials() -> [Credential; 4] {
    [
        Credential::Password(password("pencil")),
        Credential::Scram(password("pencil").derive(&salts().of("a stored salt"))),
        md5("pencil").credential(),
        Credential::Nothing,
    ]
}

fn hears(login: Login, request: &Request<'_>) -> Step<Login, LoggedIn> {
    login.on_message(&request.message()[5..])
}

#[test]
fn each_credential_answers_what_it_can() {
    let scram = Request::Sasl(vec!["SCRAM-SHA-256-PLUS", MECHANISM]);
    for (request, answered) in [
        (Request::Ok, [true, true, true, true]),
        (Request::CleartextPassword, [true, false, false, false]),
        (Request::Md5Password(*b"salt"), [true, false, true, false]),
        (scram, [true, true, false, false]),
        (Request::Sasl(vec!["OAUTHBEARER"]), [false; 4]),
        (Request::SaslContinue(b""), [false; 4]),
        (Request::SaslFinal(b""), [false; 4]),
        (Request::Other(7), [false; 4]),
        (Request::Other(9), [false; 4]),
    ] {
        let answers =
            credentials().map(|known| !matches!(hears(login(known), &request), Step::Failed(_)));
        assert_eq!(answers, answered, "{request:?}");
    }
}

#[test]
fn a_password_goes_in_clear_only_where_it_may() {
    let known = Credential::Password(password("pencil"));
    let (message, state) = sent(hears(login(known.clone()), &Request::CleartextPassword));
    assert_eq!(message, b"p\0\0\0\x0bpencil\0");
    ended(hears(state, &Request::Ok)).unwrap();

    let over_tcp = |require: &str| {
        let require = require.parse().unwrap();
        Login::new("ann", known.clone(), require, Cleartext::Forbidden, [2; 18])
    };
    for require in ["", "!md5", "!password"] {
        let failure = ended(hears(over_tcp(require), &Request::CleartextPassword)).unwrap_err();
        assert_eq!(failure.class, Class::InvalidAuthorization);
        assert!(failure.reason.contains("server_require_auth"), "{failure}");
    }
    for require in ["password", "scram-sha-256,password"] {
        sent(hears(over_tcp(require), &Request::CleartextPassword));
    }
}

#[test]
fn a_server_may_ask_as_require_auth_says_and_in_no_other_way() {
    let requests = [
        ("none", Request::Ok),
        ("password", Request::CleartextPassword),
        ("md5", Request::Md5Password(*b"salt")),
        ("scram-sha-256", Request::Sasl(vec![MECHANISM])),
    ];
    for (word, request) in &requests {
        for (named, _) in &requests {
            let known = Credential::Password(password("pencil"));
            let require = named.parse().unwrap();
            let login = Login::new("ann", known, require, Cleartext::Allowed, [2; 18]);
            let refused = matches!(hears(login, request), Step::Failed(_));
            assert_eq!(refused, word != named, "{word} where {named} is required");
        }
    }
}

#[test]
fn what_is_not_supported_is_named() {
    for (code, name) in [(7, "GSS"), (9, "SSPI"), (77, "77")] {
        let failure = ended(hears(login(Credential::Nothing), &Request::Other(code))).unwrap_err();
        assert!(failure.reason.contains(name), "{failure}");
    }
}

#[test]
fn what_is_missing_is_named_and_not_shown() {
    for known in credentials() {
        let Err(failure) = ended(hears(login(known), &Request::Sasl(vec!["X"]))) else { panic!() };
        assert!(!failure.reason.contains("pencil"));
    }
    let md5 = login(md5("pencil").credential());
    let failure = ended(hears(md5, &Request::Sasl(vec![MECHANISM]))).unwrap_err();
    assert!(failure.reason.contains("md5 hash"), "{failure}");
    assert!(failure.reason.contains("[users]"), "{failure}");
}

#[test]
fn a_password_with_a_zero_byte_cannot_be_sent() {
    let login = login(Credential::Password(password("pen\0cil")));
    assert!(ended(hears(login, &Request::CleartextPassword)).is_err());
}

/// A login that has shown its proof, and the server's signature over it.
fn proof_shown() -> (Login, Vec<u8>) {
    let (message, exchange) = sent(start(Method::ScramSha256, Some(plain("pencil"))));
    let login = login(Credential::Password(password("pencil")));
    let (answer, login) = sent(login.on_message(&message[5..]));
    let (message, exchange) = sent(exchange.on_message(&answer[5..]));
    let (answer, login) = sent(login.on_message(&message[5..]));
    let proven = ended(exchange.on_message(&answer[5..])).unwrap();
    (login, proven.last_message()[5..].to_vec())
}

fn sasl_begun(credential: Credential) -> Login {
    sent(hears(login(credential), &Request::Sasl(vec![MECHANISM]))).1
}

#[test]
fn a_server_that_ends_scram_early_is_not_believed() {
    let begun = sasl_begun(Credential::Password(password("pencil")));
    for login in [begun, proof_shown().0] {
        let failure = ended(hears(login, &Request::Ok)).unwrap_err();
        assert_eq!(failure.class, Class::InvalidAuthorization);
    }
}

#[test]
fn a_server_that_changes_its_mind_is_not_followed() {
    for request in [Request::CleartextPassword, Request::Md5Password(*b"salt"), Request::Other(7)] {
        let begun = sasl_begun(Credential::Password(password("pencil")));
        for login in [begun, proof_shown().0] {
            let failure = ended(hears(login, &request)).unwrap_err();
            assert_eq!(failure.class, Class::ProtocolViolation, "{request:?}");
        }
    }
}

#[test]
fn only_the_right_signature_is_believed() {
    let (login, signature) = proof_shown();
    let (message, login) = sent(login.on_message(&signature));
    assert!(message.is_empty());
    ended(hears(login, &Request::Ok)).unwrap();

    let (login, mut signature) = proof_shown();
    signature[8] ^= 1;
    let failure = ended(login.on_message(&signature)).unwrap_err();
    assert!(failure.reason.contains("signature"), "{failure}");
}

#[test]
fn keys_for_another_salt_cannot_log_in_and_say_so() {
    let keys = password("pencil").derive(&salts().of("another salt"));
    let (message, exchange) = sent(start(Method::ScramSha256, Some(scram("pencil"))));
    let (answer, login) = sent(login(Credential::Scram(keys)).on_message(&message[5..]));
    let (message, _) = sent(exchange.on_message(&answer[5..]));
    let failure = ended(login.on_message(&message[5..])).unwrap_err();
    assert!(failure.reason.contains("pg_authid"), "{failure}");
}

#[test]
fn a_server_cannot_choose_the_work_that_we_do() {
    let nonce = STANDARD.encode([2; 18]);
    for (count, works) in [(1_000_000, true), (1_000_001, false), (0, false)] {
        let login = sasl_begun(Credential::Password(password("pencil")));
        let challenge = format!("r={nonce}more,s=c2FsdA==,i={count}");
        let step = hears(login, &Request::SaslContinue(challenge.as_bytes()));
        assert_eq!(matches!(step, Step::Derive(_)), works, "{count}");
    }
    assert_eq!(Iterations::MAX.count(), 1_000_000);
}

#[test]
fn keys_that_were_derived_before_are_used() {
    let salting = Salting::new(b"salt", Iterations::new(2).unwrap()).unwrap();
    let known = password("pencil");
    known.derive(&salting);
    let login = sasl_begun(Credential::Password(known));
    let challenge = format!("r={}more,s=c2FsdA==,i=2", STANDARD.encode([2; 18]));
    let step = hears(login, &Request::SaslContinue(challenge.as_bytes()));
    assert!(matches!(step, Step::Send(..)));
}

proptest! {
    #[test]
    fn any_bytes_get_a_server_no_belief(
        code in 1..14u32,
        data in vec(any::<u8>(), 0..40),
        cut in 0..8usize,
    ) {
        let body = [&code.to_be_bytes()[..], &data].concat();
        let body = &body[cut.min(body.len())..];
        prop_assume!(body != [0; 4]);
        let shown = proof_shown().0;
        let begun = sasl_begun(Credential::Password(password("pencil")));
        let fresh = credentials().map(login);
        for login in fresh.into_iter().chain([begun, shown]) {
            prop_assert!(!matches!(login.on_message(body), Step::Done(_)));
        }
    }
}
