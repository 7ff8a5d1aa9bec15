//! PgBouncer's own console beside ours: the same tables, columns, order and types.
//!
//! It needs a PgBouncer: `PGBOUNCER=/usr/sbin/pgbouncer cargo test --test it admin::pgbouncer`, and
//! `PGBOUNCER_ROOT` for one that lives in a Debian tree of its own. Without, it says so.

use super::{admin, start};
use crate::support::{Database, Message, Wire, free_port, until};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A PgBouncer that is stopped when this goes.
struct PgBouncer {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl PgBouncer {
    /// `None` where `PGBOUNCER` does not name one.
    fn start(database: &Database) -> Option<PgBouncer> {
        let program = std::env::var_os("PGBOUNCER")?;
        let root = std::env::var_os("PGBOUNCER_ROOT").map(PathBuf::from);
        let within = root.as_deref().map_or(std::env::temp_dir(), |root| root.join("tmp"));
        let folder = tempfile::Builder::new().prefix("pgweir-it-").tempdir_in(within).unwrap();
        let (port, file) = (free_port(), folder.path().join("pgbouncer.ini"));
        let text = format!(
            "[databases]\n{name} = host=127.0.0.1 port={host_port} dbname={name}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             admin_users = admin\n",
            name = database.name,
            host_port = database.cluster.primary().port(),
        );
        std::fs::write(&file, text).unwrap();
        open_to_all(folder.path());
        let mut command = match &root {
            None => Command::new(&program),
            Some(root) => {
                let mut command = Command::new("chroot");
                command.arg("--userspec=nobody:nogroup").arg(root).arg(&program);
                command
            }
        };
        let seen = root.as_deref().and_then(|root| file.strip_prefix(root).ok());
        let seen = seen.map_or(file.clone(), |inside| Path::new("/").join(inside));
        command.arg("-q").arg(seen).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let bouncer = PgBouncer { process, port, _folder: folder };
        until("PgBouncer listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(bouncer)
    }
}

/// PgBouncer does not run as root, so somebody else reads its file.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Names and types of a RowDescription.
fn columns(message: &Message) -> Vec<(String, u32)> {
    let mut rest = &message.body[2..];
    let mut columns = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        let name = String::from_utf8_lossy(&rest[..end]).into_owned();
        let oid = u32::from_be_bytes(rest[end + 7..end + 11].try_into().unwrap());
        columns.push((name, oid));
        rest = &rest[end + 19..];
    }
    columns
}

fn shown(console: &mut Wire, table: &str) -> Vec<(String, u32)> {
    console.send([crate::support::frontend::query(&format!("SHOW {table}"))]);
    let replies = console.until_ready();
    columns(
        replies
            .iter()
            .find(|reply| reply.tag == 'T')
            .unwrap_or_else(|| panic!("{table}: {replies:?}")),
    )
}

#[test]
fn tables_are_those_of_pgbouncer() {
    let database = Database::create();
    let Some(bouncer) = PgBouncer::start(&database) else {
        println!("not compared with PgBouncer: the variable PGBOUNCER does not name one");
        return;
    };
    let pgweir = start(&database, "");
    let mut ours = admin(&pgweir);
    let mut theirs = Wire::login(bouncer.port, "admin", "", "pgbouncer");
    for table in pgweir::admin::tables::ALL {
        let all_ours = table.columns.iter().all(|column| column.ours);
        // FDS is answered over a Unix socket only.
        if all_ours || table.name == "fds" {
            continue;
        }
        let own = shown(&mut ours, table.name);
        let expected = shown(&mut theirs, table.name);
        assert_eq!(own[..expected.len()], expected, "{}", table.name);
        let further = &table.columns[expected.len()..];
        assert!(further.iter().all(|column| column.ours), "{}", table.name);
    }
    for names in ["STATE", "LISTS", "TOTALS"] {
        let first = |wire: &mut Wire| -> Vec<Option<String>> {
            wire.rows(&format!("SHOW {names}")).into_iter().map(|row| row[0].clone()).collect()
        };
        assert_eq!(first(&mut ours), first(&mut theirs), "{names}");
    }
}
