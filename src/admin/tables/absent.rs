//! Tables that PgBouncer has for things that pgweir has not: empty, with the right columns.

use super::{Table, columns};
use crate::admin::access::Right;

pub(super) static PEERS: Table = Table {
    name: "peers",
    about: "Always empty: pgweir is one process with many threads, and needs no peers to use all \
            cores.",
    right: Right::Look,
    columns: columns! {
        peer_id: Int4, "The peer's number.";
        host: Text, "Where it is.";
        port: Int4, "Its port.";
        pool_size: Int4, "How many cancel requests may go there at once.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

pub(super) static PEER_POOLS: Table = Table {
    name: "peer_pools",
    about: "Always empty, as `peers` is.",
    right: Right::Look,
    columns: columns! {
        peer_id: Int4, "The peer's number.";
        cl_active_cancel_req: Int4, "Cancel requests on their way to it.";
        cl_waiting_cancel_req: Int4, "Cancel requests that wait for a connection to it.";
        sv_active_cancel: Int4, "Connections that carry a cancel request.";
        sv_login: Int4, "Connections that are being made.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

pub(super) static DNS_HOSTS: Table = Table {
    name: "dns_hosts",
    about: "Always empty: the operating system looks names up, at each login to a host.",
    right: Right::Look,
    columns: columns! {
        hostname: Text, "The name of a host.";
        ttl: Int8, "How many seconds what was found is still kept.";
        addrs: Text, "Its addresses.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};

pub(super) static DNS_ZONES: Table = Table {
    name: "dns_zones",
    about: "Always empty, as `dns_hosts` is.",
    right: Right::Look,
    columns: columns! {
        zonename: Text, "The name of a zone.";
        serial: Int8, "Its serial number.";
        count: Int4, "How many host names belong to it.";
    },
    sources: &[],
    rows: |_| Vec::new(),
};
