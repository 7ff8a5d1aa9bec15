//! Which host ran a statement: the hosts log the statements of a traced database before they run them.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use pgweir::demo::{Cluster, Host};

/// In every statement by which pgweir asks hosts how far they are, and what they have.
const OWN: [&str; 2] = ["pgweir_position", "pgweir_catalog"];

/// The logs of all hosts, read from where the last question left off.
///
/// A server writes the line before it runs the statement (`log_statement`, PostgreSQL's manual, "Error
/// Reporting and Logging"), and nothing stands between it and the file. So a client that has the answer
/// finds the line, without waiting.
pub struct Trace {
    logs: Vec<Log>,
    /// `user@database`: what the lines of pgweir's servers have in front, and nobody else's.
    of: String,
}

struct Log {
    host: String,
    path: PathBuf,
    read: u64,
}

/// One statement that one host ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The host's name.
    pub host: String,
    /// Its line of the log: the statement, or the parameters of one.
    pub line: String,
}

impl Trace {
    /// Has the statements of `user` in `database` logged. Sessions that are open already do not obey: a
    /// trace comes before the pgweir that it is for.
    pub fn start(cluster: &Cluster, user: &str, database: &str) -> Trace {
        let sql = format!("ALTER DATABASE {database} SET log_statement = 'all'");
        cluster.psql("postgres", &sql).unwrap();
        cluster.catch_up().unwrap();
        let hosts = std::iter::once(cluster.primary()).chain(cluster.replicas());
        let logs = hosts.map(|host| Log::of(cluster, host)).collect();
        let mut trace = Trace { logs, of: format!(" {user}@{database} ") };
        trace.ran();
        trace
    }

    /// The hosts that ran a statement with `text` in it since the last question: one name for each
    /// time, the primary's first.
    pub fn hosts(&mut self, text: &str) -> Vec<String> {
        let ran = self.ran().into_iter().filter(|ran| ran.line.contains(text));
        ran.map(|ran| ran.host).collect()
    }

    /// As [`hosts`](Trace::hosts), with `replica` for each of them.
    pub fn roles(&mut self, text: &str) -> Vec<String> {
        let hosts = self.hosts(text).into_iter();
        hosts.map(|host| host.split('-').next().unwrap().to_owned()).collect()
    }

    /// Everything that was run since the last question.
    pub fn ran(&mut self) -> Vec<Ran> {
        let of = &self.of;
        let ran = self.logs.iter_mut().flat_map(|log| log.ran(of));
        ran.filter(|ran| !OWN.iter().any(|own| ran.line.contains(own))).collect()
    }
}

impl Log {
    fn of(cluster: &Cluster, host: &Host) -> Log {
        let path = cluster.folder().join(format!("{}.log", host.name()));
        Log { host: host.name().to_owned(), path, read: 0 }
    }

    fn ran(&mut self, of: &str) -> Vec<Ran> {
        let text = self.further();
        let mut entries: Vec<String> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix('\t'), entries.last_mut()) {
                (Some(further), Some(entry)) => *entry = format!("{entry}\n{further}"),
                _ => entries.push(line.to_owned()),
            }
        }
        let lines =
            entries.into_iter().filter_map(|entry| statement(&entry, of).map(str::to_owned));
        lines.map(|line| Ran { host: self.host.clone(), line }).collect()
    }

    /// What has come since the last time, up to its last whole line.
    fn further(&mut self) -> String {
        let mut file = File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.read += whole as u64;
        String::from_utf8_lossy(&bytes[..whole]).into_owned()
    }
}

/// The statement of a log's entry, or the parameters of the one before it.
fn statement<'a>(entry: &'a str, of: &str) -> Option<&'a str> {
    let (_, said) = entry.split_once(of)?;
    let starts = ["LOG:  statement: ", "LOG:  execute ", "DETAIL:  Parameters: "];
    // PostgreSQL 15 and older write a small letter.
    let starts = starts.into_iter().chain(["DETAIL:  parameters: "]);
    starts.into_iter().find_map(|start| said.strip_prefix(start))
}
