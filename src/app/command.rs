//! What each word of the command line does.

use super::demo;
use super::exit::Exit;
use super::logs;
use super::process::{Process, Settled};
use super::route;
use crate::args::{self, Command, Source};
use crate::config::check;
use crate::config::{Environment, Settings};
use std::io::Write;
use std::process::ExitCode;

/// Does what the command line says; says with which status to end.
pub fn run() -> ExitCode {
    match args::parse(std::env::args_os()) {
        Ok(command) => {
            let exit = dispatch(command);
            logs::flush();
            exit.into()
        }
        Err(stop) if stop.status == 0 => {
            print(&stop.text);
            ExitCode::SUCCESS
        }
        Err(stop) => {
            complain(&stop.text);
            ExitCode::from(stop.status)
        }
    }
}

fn dispatch(command: Command) -> Exit {
    match command {
        Command::Run(run) => {
            let (source, listen) = (run.source(), run.listen);
            serve(move || read(&source, listen.as_deref()))
        }
        Command::Check(check) => report(&check.config),
        Command::Demo(demo) => demo::run(&demo),
        Command::Route(route) => route::run(&route),
    }
}

/// The settings from where the command line says they are.
fn read(source: &Source, listen: Option<&str>) -> Settled {
    let environment: Environment = std::env::vars_os().collect();
    match source {
        Source::File(path) => Settings::from_file(path, listen, &environment),
        Source::Urls { primary, replicas } => {
            let replicas: Vec<String> =
                replicas.iter().map(|url| url.expose().to_owned()).collect();
            Settings::from_urls(listen, primary.expose(), &replicas, &environment)
        }
    }
}

/// Runs the pooler with what `read` reads, now and at every reload.
pub(super) fn serve(read: impl Fn() -> Settled + 'static) -> Exit {
    match Process::start(Box::new(read)) {
        Ok(process) => process.serve(|_| {}),
        Err(failure) => {
            complain(&failure.to_string());
            failure.exit()
        }
    }
}

fn report(path: &std::path::Path) -> Exit {
    let environment: Environment = std::env::vars_os().collect();
    let (text, status) = check::report(path, &environment);
    if status == check::OK {
        print(&format!("{text}\n"));
        Exit::Ok
    } else {
        complain(&text);
        Exit::BadConfiguration
    }
}

/// For the one who ran the command. A reader that has gone is no reason to fail.
pub(super) fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// For the one who ran the command, when something is wrong.
pub(super) fn complain(text: &str) {
    // What was logged before is read before.
    logs::flush();
    let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
}
