//! Both talks against each other: an `Exchange` as the server, a `Login` as the client.

use std::sync::Arc;

use super::scram::{Iterations, ScramKeys, Verifier};
use super::*;

/// Few, so that a test takes no time.
pub(super) const ITERATIONS: u32 = 3;

pub(super) fn salts() -> Salts {
    Salts::new([7; 32], Iterations::new(ITERATIONS).unwrap())
}

pub(super) fn password(text: &str) -> Arc<Password> {
    Arc::new(Password::new(text.as_bytes()))
}

pub(super) fn plain(text: &str) -> Arc<Secret> {
    Arc::new(Secret::Plain(password(text)))
}

/// The md5 secret of user ann.
pub(super) fn md5(text: &str) -> Arc<Secret> {
    Arc::new(Secret::parse(&postgres_protocol::password::md5(text.as_bytes(), "ann")).unwrap())
}

pub(super) fn scram(text: &str) -> Arc<Secret> {
    let verifier = Verifier::derive(text.as_bytes(), &salts().of("a stored salt"));
    Arc::new(Secret::Scram(StoredSecret::new(verifier)))
}

pub(super) fn start(method: Method, secret: Option<Arc<Secret>>) -> Step<Exchange, Proven> {
    Exchange::start(method, "ann", secret, &salts(), [1; 18])
}

pub(super) fn login(credential: Credential) -> Login {
    Login::new("ann", credential, RequireAuth::Any, Cleartext::Allowed, [2; 18])
}

/// A message to send, and the state that awaits its answer.
pub(super) fn sent<S, D>(step: Step<S, D>) -> (Vec<u8>, S) {
    match step {
        Step::Send(message, state) => (message.to_vec(), state),
        Step::Derive(derivation) => sent(derivation.run()),
        Step::Done(_) => panic!("done"),
        Step::Failed(failure) => panic!("{failure}"),
    }
}

/// The end of a talk that is over.
pub(super) fn ended<S, D>(step: Step<S, D>) -> Result<D, Failure> {
    match step {
        Step::Send(..) => panic!("goes on"),
        Step::Derive(derivation) => ended(derivation.run()),
        Step::Done(proof) => Ok(proof),
        Step::Failed(failure) => Err(failure),
    }
}

/// Lets the two talk to the end. `Err` is the first failure of either.
pub(super) fn talk(
    mut server: Step<Exchange, Proven>,
    mut client: Login,
) -> Result<Proven, Failure> {
    let proven = loop {
        match server {
            Step::Derive(derivation) => server = derivation.run(),
            Step::Done(proven) => break proven,
            Step::Failed(failure) => return Err(failure),
            Step::Send(request, exchange) => {
                let answer = hear(client, &request)?;
                client = answer.1;
                server = exchange.on_message(&answer.0[5..]);
            }
        }
    };
    if !proven.last_message().is_empty() {
        client = hear(client, proven.last_message())?.1;
    }
    ended(client.on_message(&Request::Ok.message()[5..]))?;
    Ok(proven)
}

fn hear(client: Login, message: &[u8]) -> Result<(Vec<u8>, Login), Failure> {
    match client.on_message(&message[5..]) {
        Step::Failed(failure) => Err(failure),
        step => Ok(sent(step)),
    }
}

#[test]
fn the_right_password_gets_in_by_every_method_that_fits_the_secret() {
    use Method::*;
    let known = || Credential::Password(password("pencil"));
    for (method, secret, credential) in [
        (Trust, plain("pencil"), "Password(Password(..))"),
        (Trust, md5("pencil"), "Md5(Md5Hash(..))"),
        (Trust, scram("pencil"), "Nothing"),
        (Trust, plain(""), "Nothing"),
        (Plain, plain("pencil"), "Password(Password(..))"),
        (Plain, md5("pencil"), "Password(Password(..))"),
        (Plain, scram("pencil"), "Password(Password(..))"),
        (Md5, plain("pencil"), "Password(Password(..))"),
        (Md5, md5("pencil"), "Md5(Md5Hash(..))"),
        (Md5, scram("pencil"), "Scram(ScramKeys(..))"),
        (ScramSha256, plain("pencil"), "Password(Password(..))"),
        (ScramSha256, scram("pencil"), "Scram(ScramKeys(..))"),
    ] {
        let proven = talk(start(method, Some(secret.clone())), login(known()))
            .unwrap_or_else(|failure| panic!("{method} {secret:?}: {failure}"));
        assert_eq!(proven.user(), "ann");
        assert_eq!(format!("{:?}", proven.credential()), credential, "{method} {secret:?}");
    }
}

#[test]
fn everybody_else_is_refused_in_the_same_words() {
    use Method::*;
    for (method, secret) in [
        (Trust, None),
        (Plain, None),
        (Plain, Some(plain("pencil"))),
        (Plain, Some(md5("pencil"))),
        (Plain, Some(scram("pencil"))),
        (Plain, Some(plain(""))),
        (Md5, None),
        (Md5, Some(plain("pencil"))),
        (Md5, Some(md5("pencil"))),
        (Md5, Some(scram("pencil"))),
        (ScramSha256, None),
        (ScramSha256, Some(plain("pencil"))),
        (ScramSha256, Some(plain(""))),
        (ScramSha256, Some(md5("pencil"))),
        (ScramSha256, Some(md5("crayon"))),
        (ScramSha256, Some(scram("pencil"))),
    ] {
        let wrong = login(Credential::Password(password("crayon")));
        let failure = talk(start(method, secret.clone()), wrong).unwrap_err();
        let told = failure.for_client("ann");
        assert_eq!(told, "password authentication failed for user \"ann\"", "{method} {secret:?}");
    }
}

#[test]
fn an_empty_password_gets_nobody_in() {
    for method in [Method::Plain, Method::Md5, Method::ScramSha256] {
        let empty = login(Credential::Password(password("")));
        assert!(talk(start(method, Some(plain(""))), empty).is_err(), "{method}");
    }
}

#[test]
fn keys_from_a_clients_proof_log_in_to_a_server_with_the_same_secret() {
    let secret = scram("pencil");
    let client = login(Credential::Password(password("pencil")));
    let proven = talk(start(Method::ScramSha256, Some(secret.clone())), client).unwrap();
    let passed_through = login(proven.credential().clone());
    talk(start(Method::ScramSha256, Some(secret)), passed_through).unwrap();
}

#[test]
fn an_md5_hash_logs_in_to_an_md5_server() {
    let client = login(Credential::Password(password("pencil")));
    let proven = talk(start(Method::Md5, Some(md5("pencil"))), client).unwrap();
    let passed_through = login(proven.credential().clone());
    talk(start(Method::Md5, Some(plain("pencil"))), passed_through).unwrap();
}

#[test]
fn a_derivation_is_needed_once() {
    let (secret, ours) = (plain("pencil"), password("pencil"));
    let mut derivations = 0;
    for _ in 0..2 {
        let client = login(Credential::Password(ours.clone()));
        let (request, exchange) = sent(start(Method::ScramSha256, Some(secret.clone())));
        let (answer, client) = sent(client.on_message(&request[5..]));
        let step = exchange.on_message(&answer[5..]);
        derivations += usize::from(matches!(step, Step::Derive(_)));
        let (request, _) = sent(step);
        let step = client.on_message(&request[5..]);
        derivations += usize::from(matches!(step, Step::Derive(_)));
        let _ = sent(step);
    }
    assert_eq!(derivations, 2, "one for the exchange and one for the login");
}

#[test]
fn a_derivation_can_be_made_before() {
    let password = password("pencil");
    password.derive(&salts().of("ann"));
    let secret = Arc::new(Secret::Plain(password.clone()));
    let (request, exchange) = sent(start(Method::ScramSha256, Some(secret)));
    let (answer, _) = sent(login(Credential::Password(password)).on_message(&request[5..]));
    assert!(matches!(exchange.on_message(&answer[5..]), Step::Send(..)));
}

#[test]
fn every_part_can_go_to_another_thread() {
    fn goes<T: Send + 'static>() {}
    goes::<Step<Exchange, Proven>>();
    goes::<Step<Login, LoggedIn>>();
    goes::<Arc<Secret>>();
    goes::<Arc<ScramKeys>>();
}
