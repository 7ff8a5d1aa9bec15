//! `pgweir route`: where statements would go, without running them.

use super::build::{build, salts};
use super::command::complain;
use super::exit::Exit;
use crate::args::Route;
use crate::auth::Credential;
use crate::client::Users;
use crate::config::{Environment, Settings};
use crate::pooler::{Database, catalog};
use crate::routing::{Catalog, Classifier, Explainer, Split, run_lines};
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

/// Answers on standard output.
pub(super) fn run(route: &Route) -> Exit {
    let explainer = match explainer(route) {
        Ok(explainer) => explainer,
        Err(complaint) => {
            complain(&complaint);
            return Exit::BadConfiguration;
        }
    };
    match answer(route, &explainer) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            Exit::Internal
        }
    }
}

/// Explains under the rules and the catalog of the database that is asked about, or without any.
fn explainer(route: &Route) -> Result<Explainer, String> {
    let classifier = Classifier::new([0, 0]);
    let (Some(path), Some(name)) = (&route.config, &route.database) else {
        return Ok(Explainer::new(classifier, true));
    };
    let settings = settings(path)?;
    let plans = build(&settings, &salts()).map_err(|error| error.to_string())?;
    let database = plans.databases.get(name).or_else(|| plans.databases.get("*"));
    let Some(database) = database else {
        return Err(format!("{}: there is no database \"{name}\"", path.display()));
    };
    if database.policy.split != Split::On || database.replicas.is_empty() {
        return Ok(Explainer::new(classifier, false));
    }
    let read = read(database, name, &plans.policy.users, &classifier);
    let catalog = read.unwrap_or_else(|error| {
        complain(&format!(
            "cannot read the catalog of \"{name}\", without which nothing is taken for a read: \
             {error}"
        ));
        Catalog::unknown()
    });
    Ok(Explainer::new(classifier, true).with(catalog))
}

fn settings(path: &Path) -> Result<Settings, String> {
    let environment: Environment = std::env::vars_os().collect();
    let loaded = Settings::from_file(path, None, &environment);
    loaded.map(|loaded| loaded.settings).map_err(|mistakes| mistakes.to_string())
}

/// Asks the primary, as the database's own user, or the first one of `[users]`.
fn read(
    database: &Database,
    asked: &str,
    users: &Users,
    classifier: &Classifier,
) -> Result<Catalog, String> {
    let user = database.user.as_ref().or_else(|| users.known.keys().min());
    let user = user.ok_or_else(|| format!("set databases.{asked}.user to log in with"))?;
    let known = || users.secret(user).map(|secret| secret.credential());
    let credential = database.credential.clone().or_else(known).unwrap_or(Credential::Nothing);
    let target = Arc::new(database.target(&database.primary, user, asked));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let read = runtime.block_on(catalog::read(&target, credential, classifier));
    read.map_err(|error| format!("{}: {error}", target.address))
}

fn answer(route: &Route, explainer: &Explainer) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match route.sql() {
        Some(sql) if route.json => {
            serde_json::to_writer(&mut output, &explainer.explain(sql))?;
            writeln!(output)
        }
        Some(sql) => writeln!(output, "{}", explainer.explain(sql)),
        None => run_lines(explainer, BufReader::new(io::stdin()), output, route.json),
    }
}
