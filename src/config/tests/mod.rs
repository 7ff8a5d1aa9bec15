//! Scripts over whole configurations: a text goes in, settings or mistakes come out.

mod changes;
mod environment;
mod file;
mod manual;
mod mistakes;
mod properties;
mod reloads;
mod urls;

use super::load::Loaded;
use super::*;

/// The least that runs.
const SMALLEST: &str = r#"
[databases.app]
primary = "10.0.0.1"
[users.app]
password = "x"
"#;

/// Loads a text named "p.toml" with these variables and no files.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Mistakes> {
    let environment: Environment = variables.iter().copied().collect();
    Settings::from_text("p.toml", text, Outside { environment: &environment, files: &NoFiles })
}

fn settings(text: &str) -> Settings {
    load(text, &[]).unwrap_or_else(|mistakes| panic!("{mistakes}")).settings
}

/// What is wrong with a text, a line for each mistake; empty if nothing is.
fn wrong(text: &str) -> String {
    load(text, &[]).map_or_else(|mistakes| mistakes.to_string(), |_| String::new())
}

fn tcp(host: &str, port: u16) -> HostAddress {
    HostAddress::Tcp { host: host.into(), port }
}
