//! `pgweir demo`: a cluster with a database to play with, and the settings that lead pgweir to it.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use super::banner;
use super::cluster::Cluster;
use super::error::ClusterError;
use super::programs::random_word;

/// The demo's database, and the role that owns it.
pub(super) const NAME: &str = "demo";

/// A table to read from and write to at once.
const SAMPLE: &str = "
SET ROLE demo;
CREATE TABLE greetings (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    greeting text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO greetings (greeting) VALUES ('hello'), ('bonjour'), ('guten Tag'), ('salaam');
";

/// A running cluster with a database to play with.
#[derive(Debug)]
pub struct Demo {
    cluster: Cluster,
    password: Password,
    port: u16,
}

/// The demo role's password: letters and digits only, so that it needs no quotes anywhere.
struct Password(String);

impl Demo {
    /// Starts the cluster and fills its database. pgweir is to listen on `port`, of 127.0.0.1.
    ///
    /// # Errors
    /// Any [`ClusterError`]; whatever had been started is stopped and deleted.
    pub fn start(replicas: usize, port: u16) -> Result<Demo, ClusterError> {
        let cluster = Cluster::start(replicas)?;
        let password = Password(random_word(16));
        let role = format!("CREATE ROLE {NAME} LOGIN PASSWORD '{}';", password.0);
        cluster.psql("postgres", &role)?;
        cluster.psql("postgres", &format!("CREATE DATABASE {NAME} OWNER {NAME}"))?;
        cluster.psql(NAME, SAMPLE)?;
        cluster.catch_up()?;
        Ok(Demo { cluster, password, port })
    }

    /// The cluster behind pgweir.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The text of a `pooler.toml` that leads pgweir to the cluster.
    #[must_use]
    pub fn config_text(&self) -> String {
        let replicas: Vec<_> =
            self.cluster.replicas().iter().map(|host| format!("\"{}\"", host.address())).collect();
        config_text(
            self.port,
            &self.cluster.primary().address().to_string(),
            &replicas.join(", "),
            &self.password.0,
        )
    }

    /// What an application is given, password and all.
    #[must_use]
    pub fn database_url(&self) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/{NAME}", self.password.0, self.port)
    }

    /// Where the console is, password and all.
    #[must_use]
    pub fn console_url(&self) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/pgweir", self.password.0, self.port)
    }

    /// What to tell the user once pgweir listens.
    #[must_use]
    pub fn banner(&self) -> String {
        banner::banner(self)
    }
}

/// Nothing but dots.
impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("...")
    }
}

/// Starts a demo, says so on `out`, and lets `serve` run pgweir in front of it until it returns; then
/// stops and deletes everything. `serve` prints the [banner](Demo::banner) once it listens.
///
/// # Errors
/// [`ClusterError::Port`] before anything is started where `port` is taken; any other [`ClusterError`].
pub fn run<T>(
    replicas: usize,
    port: u16,
    out: &mut dyn Write,
    serve: impl FnOnce(&Demo, &mut dyn Write) -> T,
) -> Result<T, ClusterError> {
    free(port)?;
    say(out, &format!("starting PostgreSQL: a primary and {} ...", banner::replicas(replicas)));
    let demo = Demo::start(replicas, port)?;
    let outcome = serve(&demo, out);
    say(out, "stopping PostgreSQL and deleting its folder ...");
    drop(demo);
    say(out, "stopped; nothing is left behind");
    Ok(outcome)
}

/// Asked early, because the answer would otherwise come after the seconds that the cluster takes.
fn free(port: u16) -> Result<(), ClusterError> {
    let asked = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    asked.map(drop).map_err(|source| ClusterError::Port { port, source })
}

/// A reader who has gone away (`pgweir demo | head`) is no reason to stop.
fn say(out: &mut dyn Write, line: &str) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn config_text(port: u16, primary: &str, replicas: &str, password: &str) -> String {
    format!(
        "[pooler]\n\
         listen_addr = \"127.0.0.1\"\n\
         listen_port = {port}\n\
         log_format = \"text\"\n\
         admin_users = [\"{NAME}\"]\n\
         query_statistics = 1000\n\
         \n\
         [databases.{NAME}]\n\
         primary = \"{primary}\"\n\
         replicas = [{replicas}]\n\
         user = \"{NAME}\"\n\
         password = \"{password}\"\n\
         \n\
         [users.{NAME}]\n\
         password = \"{password}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_is_toml_with_the_contract_s_keys() {
        let text = config_text(6432, "127.0.0.1:1", "\"127.0.0.1:2\", \"127.0.0.1:3\"", "secret");
        let parsed: toml::Table = text.parse().unwrap();
        assert_eq!(parsed["pooler"]["listen_port"].as_integer(), Some(6432));
        let database = &parsed["databases"]["demo"];
        assert_eq!(database["primary"].as_str(), Some("127.0.0.1:1"));
        assert_eq!(database["replicas"].as_array().unwrap().len(), 2);
        assert_eq!(database["password"], parsed["users"]["demo"]["password"]);
    }

    #[test]
    fn no_replica_is_an_empty_list() {
        let parsed: toml::Table = config_text(1, "127.0.0.1:1", "", "x").parse().unwrap();
        assert_eq!(parsed["databases"]["demo"]["replicas"].as_array().unwrap().len(), 0);
    }

    #[test]
    fn a_port_that_is_taken_is_said_before_anything_starts() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let mut out = Vec::new();
        let error = run(1, port, &mut out, |_, _| ()).unwrap_err().to_string();
        assert!(error.contains(&port.to_string()) && error.contains("--port"), "{error}");
        assert!(out.is_empty());
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(format!("{:?}", Password("secret".to_owned())), "...");
    }
}
