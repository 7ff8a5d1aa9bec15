//! The composition root: builds every room from the settings, and the phases of the process's life.
