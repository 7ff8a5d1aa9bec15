//! The `pgweir` command.

fn main() {}
