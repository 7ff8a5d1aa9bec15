//! What a client can see, and what it cannot break.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::auth::tests::{ended, login, md5, password, plain, salts, scram, sent, start};
use crate::auth::{Class, Credential, Method, Request, Secret};

/// Everything that is sent to a client who knows no password, up to the refusal.
fn seen(method: Method, user: &str, secret: Option<Arc<Secret>>) -> (Vec<Vec<u8>>, Failure) {
    let mut step = Exchange::start(method, user, secret, &salts(), [1; 18]);
    let mut client = login(Credential::Password(password("guess")));
    let mut messages = Vec::new();
    loop {
        match step {
            Step::Derive(derivation) => step = derivation.run(),
            Step::Failed(failure) => return (messages, failure),
            Step::Done(_) => panic!("got in by guessing"),
            Step::Send(message, exchange) => {
                let (answer, next) = sent(client.on_message(&message[5..]));
                client = next;
                step = exchange.on_message(&answer[5..]);
                messages.push(message.to_vec());
            }
        }
    }
}

#[test]
fn an_unknown_user_sees_what_a_known_one_sees() {
    for (method, secret) in [
        (Method::Plain, plain("pencil")),
        (Method::Plain, scram("pencil")),
        (Method::Md5, plain("pencil")),
        (Method::Md5, md5("pencil")),
        (Method::ScramSha256, plain("pencil")),
        (Method::ScramSha256, md5("pencil")),
    ] {
        let (known, failure) = seen(method, "ann", Some(secret));
        let (unknown, mock_failure) = seen(method, "ann", None);
        assert_eq!(known, unknown, "{method}");
        assert_eq!(failure.class, mock_failure.class);
        assert_ne!(failure.reason, "");
    }
}

#[test]
fn a_mock_challenge_has_the_form_of_a_verifiers() {
    let (known, _) = seen(Method::ScramSha256, "ann", Some(scram("pencil")));
    let (unknown, _) = seen(Method::ScramSha256, "nobody", None);
    let lengths = |seen: &[Vec<u8>]| seen.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(&known), lengths(&unknown));
    assert_eq!(known[0], unknown[0]);
}

#[test]
fn an_unknown_user_has_the_same_salt_each_time_and_not_anothers() {
    let challenge = |user| seen(Method::ScramSha256, user, None).0.remove(1);
    assert_eq!(challenge("nobody"), challenge("nobody"));
    assert_ne!(challenge("nobody"), challenge("somebody"));
}

#[test]
fn a_password_in_clear_takes_a_derivation_for_unknown_users_as_for_verifiers() {
    for secret in [None, Some(scram("pencil"))] {
        let (_, exchange) = sent(start(Method::Plain, secret));
        assert!(matches!(exchange.on_message(b"guess\0"), Step::Derive(_)));
    }
}

#[test]
fn the_log_is_told_which_setting_changes_it() {
    let (_, failure) = seen(Method::ScramSha256, "ann", Some(md5("pencil")));
    assert!(failure.reason.contains("auth_type"));
    let (_, failure) = seen(Method::ScramSha256, "ann", None);
    assert!(failure.reason.contains("auth_file"));
}

#[test]
fn a_mechanism_that_was_not_offered_is_refused() {
    let (_, exchange) = sent(start(Method::ScramSha256, None));
    let failure = ended(exchange.on_message(b"SCRAM-SHA-256-PLUS\0\0\0\0\x03n,,")).unwrap_err();
    assert_eq!(failure.class, Class::ProtocolViolation);
}

#[test]
fn the_last_message_is_the_servers_signature() {
    let mut client = login(Credential::Password(password("pencil")));
    let mut step = start(Method::ScramSha256, Some(scram("pencil")));
    for _ in 0..2 {
        let (message, exchange) = sent(step);
        let (answer, next) = sent(client.on_message(&message[5..]));
        (client, step) = (next, exchange.on_message(&answer[5..]));
    }
    let proven = ended(step).unwrap();
    let last = Request::parse(&proven.last_message()[5..]).unwrap();
    assert!(matches!(last, Request::SaslFinal([b'v', b'=', ..])));
}

/// An exchange in each of its states, with the answer that would be right.
fn awaiting() -> Vec<(Exchange, Vec<u8>)> {
    let mut all = Vec::new();
    for (method, secret) in [
        (Method::Plain, plain("pencil")),
        (Method::Plain, scram("pencil")),
        (Method::Md5, plain("pencil")),
        (Method::ScramSha256, plain("pencil")),
        (Method::ScramSha256, scram("pencil")),
    ] {
        let (message, exchange) = sent(start(method, Some(secret.clone())));
        let client = login(Credential::Password(password("pencil")));
        let (first, client) = sent(client.on_message(&message[5..]));
        all.push((exchange, first[5..].to_vec()));
        if method == Method::ScramSha256 {
            let (_, exchange) = sent(start(method, Some(secret)));
            let (message, exchange) = sent(exchange.on_message(&first[5..]));
            let (last, _) = sent(client.on_message(&message[5..]));
            all.push((exchange, last[5..].to_vec()));
        }
    }
    all
}

fn gets_in(step: Step<Exchange, Proven>) -> bool {
    match step {
        Step::Derive(derivation) => gets_in(derivation.run()),
        Step::Done(_) => true,
        Step::Send(..) | Step::Failed(_) => false,
    }
}

#[test]
fn a_cut_answer_gets_nobody_in() {
    let lengths: Vec<_> = awaiting().iter().map(|(_, answer)| answer.len()).collect();
    for (at, length) in lengths.into_iter().enumerate() {
        for end in 0..length {
            let (exchange, answer) = awaiting().swap_remove(at);
            let state = format!("{exchange:?}");
            assert!(!gets_in(exchange.on_message(&answer[..end])), "{state} cut at {end}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_get_nobody_in_from_any_state(bytes in vec(any::<u8>(), 0..64)) {
        for (exchange, _) in awaiting() {
            prop_assert!(!gets_in(exchange.on_message(&bytes)));
        }
    }

    #[test]
    fn a_changed_byte_gets_nobody_in(at in any::<prop::sample::Index>(), change in 1..=255u8) {
        for (exchange, mut answer) in awaiting() {
            let at = at.index(answer.len());
            answer[at] ^= change;
            prop_assert!(!gets_in(exchange.on_message(&answer)));
        }
    }

    #[test]
    fn any_user_name_can_be_asked(user in "\\PC{0,80}") {
        let (messages, _) = seen(Method::ScramSha256, &user, None);
        prop_assert_eq!(messages.len(), 2);
    }
}
