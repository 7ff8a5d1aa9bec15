//! `[pooler]`: where clients connect, and TCP keepalive.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use crate::config::kind::listen::{ListenHost, ListenHosts};
use crate::config::kind::number::{Flag, whole};
use crate::config::kind::text::{FileMode, FilePath};
use crate::config::kind::time::SYSTEM_TIME;
use crate::config::setting::settings;

const LOOPBACK: ListenHost = ListenHost::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST));

settings! {
    /// Where clients connect.
    pub struct Listen {
        /// The TCP addresses to listen on, one or a list; "" listens on none.
        listen_addr: Vec<ListenHost> = ListenHosts, default vec![LOOPBACK], at AtRestart;
        /// The port of every address and of the Unix socket. 0 takes any free port, which the log
        /// then names.
        listen_port: u16 = whole(0, u16::MAX), default 6432, at AtRestart;
        /// How many connections the operating system keeps until they are accepted.
        listen_backlog: u32 = whole(1, 65_535), default 1024, at AtRestart;
        /// The folder for a Unix socket; "" makes none.
        unix_socket_dir: Option<PathBuf> = FilePath, default None, at AtRestart;
        /// The permissions of the Unix socket.
        unix_socket_mode: u32 = FileMode, default 0o777, at AtRestart;
        /// Ask silent peers, clients and servers, whether they still live.
        tcp_keepalive: bool = Flag, default true, at AtReload;
        /// How long a connection is silent before its peer is asked. 0 is the operating system's
        /// own.
        tcp_keepidle: Option<Duration> = SYSTEM_TIME, default None, at AtReload;
        /// How long to wait between two questions. 0 is the operating system's own.
        tcp_keepintvl: Option<Duration> = SYSTEM_TIME, default None, at AtReload;
        /// After how many unanswered questions the connection is closed. 0 is the operating
        /// system's own.
        tcp_keepcnt: u32 = whole(0, 127), default 0, at AtReload;
    }
}
