//! One client's life: startup, waiting for its next statement, and the relay while it is linked.
