//! pgbench, which comes with PostgreSQL's server, run through pgweir.

use std::process::{Child, Command, Stdio};

use super::{Database, Pgweir};

/// A run of pgbench that has begun. Killed if it is dropped before its end.
pub struct Pgbench(Option<Child>);

/// What pgbench says at its end.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Transactions that it has seen to their ends.
    pub transactions: u64,
    /// How long one took on average, as its client saw it, ms.
    pub latency_ms: f64,
}

impl Pgbench {
    /// A database with its tables, made without pgweir.
    pub fn tables() -> Database {
        let database = Database::create();
        let (name, host) = (&database.name, database.cluster.primary());
        let url = format!("postgres://{name}:{name}@{}/{name}", host.address());
        let mut command = Command::new(database.cluster.program("pgbench"));
        let made = command.args(["-i", "-q", &url]).output();
        assert!(made.unwrap().status.success(), "pgbench cannot make its tables");
        database
    }

    /// So many clients, with so many transactions for each.
    pub fn start(
        pgweir: &Pgweir,
        database: &Database,
        (clients, transactions): (u64, u64),
        options: &[&str],
    ) -> Pgbench {
        let url = pgweir.url(&database.name, &database.name, &database.name);
        let (clients, transactions) = (clients.to_string(), transactions.to_string());
        let mut command = Command::new(database.cluster.program("pgbench"));
        command.args(["-n", "-j", "2", "-c", &clients, "-t", &transactions]).args(options).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Pgbench(Some(command.spawn().expect("cannot start pgbench")))
    }

    /// Waits for its end. Fails the test unless everything succeeded.
    pub fn report(mut self) -> Report {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let (said, why) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "pgbench failed: {why}");
        let number = |label: &str| {
            let rest = said.split(label).nth(1).unwrap_or_else(|| panic!("no {label} in {said}"));
            rest.split(['/', '\n', ' ']).next().unwrap().trim().to_owned()
        };
        Report {
            transactions: number("actually processed: ").parse().unwrap(),
            latency_ms: number("latency average = ").parse().unwrap(),
        }
    }
}

impl Drop for Pgbench {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
