//! The `pgweir` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    pgweir::app::command::run()
}
