//! `pgweir route`: where statements would go, without running them.

use super::build::{Plans, build, salts};
use super::command::complain;
use super::exit::Exit;
use crate::args::Route;
use crate::auth::Credential;
use crate::client::Users;
use crate::config::{Environment, Settings};
use crate::pooler::{Database, catalog};
use crate::routing::{Catalog, Classifier, Explainer, Split, run_json_lines, run_lines};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Answers on standard output.
pub(super) fn run(route: &Route) -> Exit {
    let asked = match Asked::of(route) {
        Ok(asked) => asked,
        Err(complaint) => {
            complain(&complaint);
            return Exit::BadConfiguration;
        }
    };
    match answer(route, &asked) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            Exit::Internal
        }
    }
}

/// The database that is asked about.
struct Asked {
    name: String,
    plans: Plans,
}

impl Asked {
    /// None where the rules are those of no database.
    fn of(route: &Route) -> Result<Option<Asked>, String> {
        let (Some(path), Some(name)) = (&route.config, &route.database) else { return Ok(None) };
        let settings = settings(path)?;
        let plans = salts(&settings).and_then(|salts| build(&settings, &salts, &Users::default()));
        let plans = plans.map_err(|error| error.to_string())?;
        let asked = Asked { name: name.clone(), plans };
        match asked.database() {
            Some(_) => Ok(Some(asked)),
            None => Err(format!("{}: there is no database \"{name}\"", path.display())),
        }
    }

    fn database(&self) -> Option<&Database> {
        let databases = &self.plans.databases;
        databases.get(&self.name).or_else(|| databases.get("*")).map(|database| &**database)
    }

    /// Whether it has a choice of hosts.
    fn splits(&self) -> bool {
        self.database().is_some_and(|database| {
            database.policy.split == Split::On && !database.replicas.is_empty()
        })
    }

    /// Reads its catalog.
    fn catalog(&self, classifier: &Classifier) -> Result<Catalog, String> {
        let Some(database) = self.database() else { return Err("it is gone".to_owned()) };
        let read = read(database, &self.name, &self.plans.policy.users, classifier);
        read.map_err(|error| {
            format!(
                "cannot read the catalog of \"{}\", without which nothing is taken for a read: \
                 {error}",
                self.name
            )
        })
    }
}

/// Explains under the rules and the catalog of the database that is asked about, or without any.
fn explainer(asked: Option<&Asked>) -> Explainer {
    let splits = asked.is_none_or(Asked::splits);
    let mut explainer = Explainer::new(Classifier::new([0, 0]), splits);
    if let Some(asked) = asked.filter(|_| splits)
        && let Err(complaint) = explainer.renew(|classifier| asked.catalog(classifier))
    {
        complain(&complaint);
    }
    explainer
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

fn answer(route: &Route, asked: &Option<Asked>) -> io::Result<()> {
    let mut explainer = explainer(asked.as_ref());
    let mut output = io::stdout().lock();
    match route.sql() {
        Some(sql) if route.json => {
            serde_json::to_writer(&mut output, &explainer.explain(sql))?;
            writeln!(output)
        }
        Some(sql) => writeln!(output, "{}", explainer.explain(sql)),
        None if route.json => {
            let asked = asked.as_ref().filter(|asked| asked.splits());
            let read = |classifier: &Classifier| match asked {
                Some(asked) => asked.catalog(classifier),
                None => Err(NO_CATALOG.to_owned()),
            };
            run_json_lines(&mut explainer, read, io::stdin().lock(), output)
        }
        None => run_lines(&explainer, io::stdin().lock(), output),
    }
}

/// What a reload comes to without a catalog to read.
const NO_CATALOG: &str = "no catalog is read: that takes --config and --database, and a database \
                          with replicas and read_write_split = \"on\"";
