//! The program as a shell sees it: what it takes, what it prints, how it ends.

mod run;
mod words;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run of the program came to.
struct Ended {
    status: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in `folder` to its end.
fn pgweir(folder: &Path, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgweir"));
    command.args(arguments).envs(environment.iter().copied()).current_dir(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who ends without reading closes its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let status = output.status.code().expect("ended by a signal");
    Ended { status, stdout: text(output.stdout), stderr: text(output.stderr) }
}
