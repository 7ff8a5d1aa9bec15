//! The metrics port: what it counts, whether it says that all is well, and what it bears.

mod agreement;
mod health;
mod hostile;
mod numbers;
mod scrape;

use scrape::Scrape;
use std::net::SocketAddr;

use crate::support::{Database, Pgweir};

/// A pgweir with a metrics port, and where that is.
pub struct Watched {
    pub pgweir: Pgweir,
    metrics: SocketAddr,
}

impl Watched {
    pub fn start(config: &str) -> Watched {
        let pgweir = Pgweir::start_with(config, &[("PGWEIR_METRICS_LISTEN", "127.0.0.1:0")]);
        let line = pgweir.wait_for_log("metrics on ");
        let (_, address) = line.split_once("metrics on ").unwrap();
        let address: String =
            address.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
        Watched { pgweir, metrics: address.parse().unwrap() }
    }

    /// In front of a database, with one server for each pool and further settings of `[pooler]`.
    fn of(database: &Database, settings: &str) -> Watched {
        let config = database.config();
        Watched::start(&format!("[pooler]\nlog_format = \"text\"\n{settings}\n\n{config}"))
    }

    fn get(&self, path: &str) -> scrape::Answer {
        scrape::get(self.metrics, path, "").unwrap()
    }

    pub fn scrape(&self) -> Scrape {
        Scrape::parse(&self.get("/metrics").body)
    }
}
