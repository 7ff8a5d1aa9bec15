//! The pools as all workers share them: handles, guards, hosts and their upkeep.
