//! The line that `pgweir demo` prints about where statements went.

/// How many statements one host has served so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Its name or address, as the user knows it.
    pub host: String,
    /// `primary` or `replica`.
    pub role: &'static str,
    /// Statements that read.
    pub reads: u64,
    /// Statements that wrote, or that had to be treated as if they did.
    pub writes: u64,
}

impl Traffic {
    /// What came since `before`, which is this host's earlier count; a count that fell began anew.
    fn since(&self, before: &[Traffic]) -> (u64, u64) {
        let earlier = before.iter().find(|earlier| earlier.host == self.host);
        let (reads, writes) = earlier.map_or((0, 0), |earlier| (earlier.reads, earlier.writes));
        let fresh = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        (fresh(self.reads, reads), fresh(self.writes, writes))
    }
}

/// What came since `before`, host by host; `None` where nothing did, so that an idle demo is silent.
///
/// `primary 127.0.0.1:40001: 2 reads, 3 writes | replica 127.0.0.1:40002: 120 reads`
#[must_use]
pub fn traffic_line(before: &[Traffic], now: &[Traffic]) -> Option<String> {
    let parts: Vec<_> = now.iter().filter_map(|host| part(host, host.since(before))).collect();
    (!parts.is_empty()).then(|| parts.join(" | "))
}

fn part(host: &Traffic, (reads, writes): (u64, u64)) -> Option<String> {
    let counts: Vec<_> =
        [counted(reads, "read"), counted(writes, "write")].into_iter().flatten().collect();
    (!counts.is_empty()).then(|| format!("{} {}: {}", host.role, host.host, counts.join(", ")))
}

fn counted(number: u64, what: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        more => Some(format!("{more} {what}s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(primary: (u64, u64), replica: u64) -> Vec<Traffic> {
        let host =
            |host: &str, role, (reads, writes)| Traffic { host: host.into(), role, reads, writes };
        vec![host("h:1", "primary", primary), host("h:2", "replica", (replica, 0))]
    }

    #[test]
    fn only_what_is_new_is_told() {
        let line = traffic_line(&counts((1, 1), 100), &counts((1, 4), 101));
        assert_eq!(line.as_deref(), Some("primary h:1: 3 writes | replica h:2: 1 read"));
    }

    #[test]
    fn an_idle_demo_is_silent() {
        assert_eq!(traffic_line(&counts((1, 1), 100), &counts((1, 1), 100)), None);
        assert_eq!(traffic_line(&[], &[]), None);
    }

    #[test]
    fn a_new_host_and_a_count_that_began_anew_are_counted_from_zero() {
        assert_eq!(traffic_line(&[], &counts((2, 0), 0)).as_deref(), Some("primary h:1: 2 reads"));
        assert_eq!(
            traffic_line(&counts((0, 9), 0), &counts((0, 1), 0)).as_deref(),
            Some("primary h:1: 1 write")
        );
    }
}
