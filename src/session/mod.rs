//! What one client's session means: its pipeline, statements, parameters and transaction; pure.
