//! The floors, read from the table in docs/architecture.md, so that it stays true.

use std::collections::HashMap;

/// Which module may name which.
pub struct Architecture {
    places: HashMap<String, Place>,
}

/// Where a module stands: its floor, and its place along the floor's arrows, where it has any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Place {
    floor: u32,
    along: Option<usize>,
}

/// The composition root and its neighbours know each other.
const HOUSE: u32 = 4;

impl Architecture {
    /// Reads lines such as `floor 3  workers  client -> pooler -> server   tokio tasks: ...`.
    pub fn parse(text: &str) -> Architecture {
        let places: HashMap<_, _> = text.lines().filter_map(row).flatten().collect();
        assert!(!places.is_empty(), "docs/architecture.md has no table of floors");
        Architecture { places }
    }

    pub fn floor(&self, module: &str) -> Option<u32> {
        self.places.get(module).map(|place| place.floor)
    }

    /// Down is allowed; on one floor only along its arrows, and anywhere on the house's own.
    pub fn may_name(&self, from: &str, to: &str) -> bool {
        let (Some(from_place), Some(to_place)) = (self.places.get(from), self.places.get(to))
        else {
            return false;
        };
        from == to || from_place.may_name(*to_place)
    }
}

impl Place {
    fn may_name(self, other: Place) -> bool {
        if self.floor != other.floor {
            return self.floor > other.floor;
        }
        let along = self.along.zip(other.along).is_some_and(|(from, to)| from < to);
        along || self.floor == HOUSE
    }
}

fn row(line: &str) -> Option<Vec<(String, Place)>> {
    let rest = line.strip_prefix("floor ")?;
    let mut columns = rest.split("  ").map(str::trim).filter(|column| !column.is_empty());
    let floor = columns.next()?.parse().ok()?;
    let columns: Vec<&str> = columns.skip(1).collect();
    let (_, modules) = columns.split_last()?;
    let names = modules.iter().flat_map(|part| part.split(' ')).filter(|name| !name.is_empty());
    let names: Vec<&str> = names.collect();
    let arrows = names.contains(&"->");
    let modules = names.into_iter().filter(|name| *name != "->").enumerate();
    let place = |at| Place { floor, along: arrows.then_some(at) };
    Some(modules.map(|(at, name)| (name.to_owned(), place(at))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
floor 4  house    main  app  args             may name anything below
floor 3  workers  client -> pooler -> server  tokio tasks: read, ask a rule
floor 2  wires    net                         sockets, TLS, buffers; no PostgreSQL meaning
floor 1  rules    session  routing            pure
floor 0  bytes    protocol  ids               pure: bytes <-> messages
";

    #[test]
    fn arrows_go_down_and_along() {
        let house = Architecture::parse(TABLE);
        for (from, to) in
            [("app", "args"), ("client", "server"), ("net", "ids"), ("session", "ids")]
        {
            assert!(house.may_name(from, to), "{from} -> {to}");
        }
        for (from, to) in [("ids", "session"), ("session", "routing"), ("server", "client")] {
            assert!(!house.may_name(from, to), "{from} -> {to}");
        }
        assert!(!house.may_name("app", "unknown"));
    }

    #[test]
    fn what_a_floor_knows_is_no_module() {
        let house = Architecture::parse(TABLE);
        assert_eq!(house.floor("server"), Some(3));
        assert_eq!(house.floor("tokio"), None);
        assert_eq!(house.floor("workers"), None);
        assert_eq!(house.floor("->"), None);
    }
}
