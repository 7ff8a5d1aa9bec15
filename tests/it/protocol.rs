//! Those who break the protocol are told so, and nobody else notices.

mod after_login;
mod before_login;
mod hostile_server;
mod trickle;

use crate::support::{Database, Pgweir, Wire};

/// More than pgweir needs for a few clients, in kB; less than one message of the lengths that are claimed.
const RESIDENT_MAX_KB: u64 = 200_000;

/// A pgweir with a client in the middle of a transaction, who must not be disturbed.
struct Scene {
    database: Database,
    pgweir: Pgweir,
    neighbour: Wire,
}

impl Scene {
    fn set() -> Scene {
        Scene::with("workers = 1\nclient_login_timeout = \"10s\"")
    }

    /// With these lines in `[pooler]`.
    fn with(settings: &str) -> Scene {
        let database = Database::create();
        let config = format!("[pooler]\n{settings}\n\n{}", database.primary_config());
        let pgweir = Pgweir::start(&config);
        let mut neighbour = pgweir.client(&database);
        neighbour.rows("BEGIN; CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT 7 AS seven");
        Scene { database, pgweir, neighbour }
    }

    fn stranger(&self) -> Wire {
        Wire::connect(self.pgweir.port())
    }

    fn client(&self) -> Wire {
        self.pgweir.client(&self.database)
    }

    /// Whoever was there goes on, whoever comes is served, and memory stays within bounds.
    fn must_be_unharmed(&mut self) {
        self.pgweir.must_live();
        assert_eq!(self.neighbour.value("SELECT seven FROM mine"), "7");
        assert_eq!(self.client().value("SELECT 1"), "1");
        let resident_kb = self.pgweir.resident_kb();
        assert!(resident_kb < RESIDENT_MAX_KB, "{resident_kb} kB");
    }
}

/// The same "random" bytes each time (xorshift).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
