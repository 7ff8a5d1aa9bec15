//! `pgweir route`: where statements would go, without running them.

use super::command::complain;
use super::exit::Exit;
use crate::args::Route;
use crate::config::{Environment, Settings};
use crate::routing::{Classifier, explain, run_lines};
use std::io::{self, BufReader, Write};

/// Answers on standard output.
pub(super) fn run(route: &Route) -> Exit {
    if let (Some(path), Some(database)) = (&route.config, &route.database) {
        let environment: Environment = std::env::vars_os().collect();
        let settings = match Settings::from_file(path, None, &environment) {
            Ok(loaded) => loaded.settings,
            Err(mistakes) => {
                complain(&mistakes.to_string());
                return Exit::BadConfiguration;
            }
        };
        if settings.database(database).is_none() {
            complain(&format!("{}: there is no database \"{database}\"", path.display()));
            return Exit::BadConfiguration;
        }
    }
    match answer(route) {
        Ok(()) => Exit::Ok,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
        Err(error) => {
            complain(&format!("cannot read or write: {error}"));
            Exit::Internal
        }
    }
}

fn answer(route: &Route) -> io::Result<()> {
    let classifier = Classifier::new([0, 0]);
    let mut output = io::stdout().lock();
    match route.sql() {
        Some(sql) if route.json => {
            serde_json::to_writer(&mut output, &explain(&classifier, sql))?;
            writeln!(output)
        }
        Some(sql) => writeln!(output, "{}", explain(&classifier, sql)),
        None => run_lines(&classifier, BufReader::new(io::stdin()), output, route.json),
    }
}
