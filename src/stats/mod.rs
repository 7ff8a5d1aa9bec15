//! Counters of what happened, kept per worker and added up when asked.
