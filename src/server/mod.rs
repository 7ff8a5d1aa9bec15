//! One connection to PostgreSQL: connecting, logging in, cancelling.
