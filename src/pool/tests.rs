//! The room as a whole: the rules against everything that may happen to a pool.

mod simulation;
