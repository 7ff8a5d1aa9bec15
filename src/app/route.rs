//! `pgweir route`: where statements would go, without running them.

use super::command::complain;
use super::exit::Exit;
use crate::args::Route;
use crate::config::section::routing::Split;
use crate::config::{Environment, Settings};
use crate::routing::{Classifier, Explainer, run_lines};
use std::io::{self, BufReader, Write};

/// Answers on standard output.
pub(super) fn run(route: &Route) -> Exit {
    let splits = match splits(route) {
        Ok(splits) => splits,
        Err(complaint) => {
            complain(&complaint);
            return Exit::BadConfiguration;
        }
    };
    match answer(route, &Explainer::new(Classifier::new([0, 0]), splits)) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            Exit::Internal
        }
    }
}

/// Whether reads have a choice of hosts in the database that is asked about.
fn splits(route: &Route) -> Result<bool, String> {
    let (Some(path), Some(name)) = (&route.config, &route.database) else { return Ok(true) };
    let environment: Environment = std::env::vars_os().collect();
    let loaded = Settings::from_file(path, None, &environment).map_err(|m| m.to_string())?;
    match loaded.settings.database(name) {
        Some(database) => {
            Ok(database.routing.read_write_split == Split::On && !database.replicas.is_empty())
        }
        None => Err(format!("{}: there is no database \"{name}\"", path.display())),
    }
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
