//! What `pgweir demo` tells its user once pgweir listens.

use super::stage::Demo;

/// Where an application connects, what to try, what stands behind it, and how it ends.
pub(super) fn banner(demo: &Demo) -> String {
    let (url, console) = (demo.database_url(), demo.console_url());
    format!(
        "\n\
         pgweir is in front of a throwaway PostgreSQL: {hosts}\n\
         \n\
         {servers}\
         \n\
         \x20 point an application at it\n\
         \x20   DATABASE_URL={url}\n\
         \n\
         \x20 or try it: reads go to the replicas, writes to the primary\n\
         \x20   psql '{url}' -c 'SELECT * FROM greetings'\n\
         \x20   psql '{url}' -c \"INSERT INTO greetings (greeting) VALUES ('ciao')\"\n\
         \n\
         \x20 or look inside: the console has SHOW HELP, SHOW POOLS, SHOW HOSTS, SHOW ROUTES, and SQL\n\
         \x20   psql '{console}' -c 'SHOW HOSTS'\n\
         \n\
         \x20 a line here says where statements went\n\
         \n\
         \x20 everything is in {folder} until Ctrl-C, which leaves nothing behind\n",
        hosts = hosts(demo.cluster().replicas().len()),
        servers = servers(demo),
        folder = demo.cluster().folder().display(),
    )
}

/// `2 replicas`.
pub(super) fn replicas(number: usize) -> String {
    match number {
        0 => "no replica".to_owned(),
        1 => "1 replica".to_owned(),
        more => format!("{more} replicas"),
    }
}

fn hosts(number: usize) -> String {
    format!("a primary and {}", replicas(number))
}

fn servers(demo: &Demo) -> String {
    let cluster = demo.cluster();
    let all = std::iter::once(cluster.primary()).chain(cluster.replicas());
    all.map(|host| format!("    {:<10} {}\n", host.name(), host.address())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_words_do() {
        assert_eq!(hosts(0), "a primary and no replica");
        assert_eq!(hosts(1), "a primary and 1 replica");
        assert_eq!(hosts(2), "a primary and 2 replicas");
    }
}
