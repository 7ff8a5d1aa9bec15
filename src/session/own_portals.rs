//! Portals of statements that pgweir answers itself.

use super::state::Shared;
use super::statements::Statement;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frontend as tag;
use crate::protocol::reader::Reader;
use crate::protocol::sqlstate::SqlState;
use std::sync::Arc;

/// Portals of ours that one transaction may have open. Drivers use one; more are of no use, because nothing
/// is read from them in parts.
const PORTALS_MAX: usize = 64;

/// A portal that is bound to a statement of ours.
#[derive(Debug)]
pub(super) struct Portal {
    name: Box<[u8]>,
    pub(super) statement: Arc<Statement>,
    /// It returns no rows and has been executed: it cannot be again.
    pub(super) has_run: bool,
}

/// A session's portals of ours; nothing is allocated while it has none.
#[derive(Debug, Default)]
pub(super) struct Portals(Vec<Portal>);

impl Portals {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of this name.
    pub(super) fn find(&self, name: &[u8]) -> Option<&Portal> {
        self.0.iter().find(|portal| *portal.name == *name)
    }

    /// A new one. The unnamed one is replaced; any other name must be free.
    pub(super) fn open(
        &mut self,
        name: &[u8],
        statement: Arc<Statement>,
    ) -> Result<(), ErrorReport> {
        if name.is_empty() {
            self.close(name);
        } else if self.find(name).is_some() {
            return Err(duplicate(name));
        }
        if self.0.len() >= PORTALS_MAX {
            let message = format!("more than {PORTALS_MAX} portals");
            return Err(ErrorReport::error(SqlState::LIMIT_EXCEEDED, message));
        }
        self.0.push(Portal { name: name.into(), statement, has_run: false });
        Ok(())
    }

    /// It is gone, if it was there.
    pub(super) fn close(&mut self, name: &[u8]) {
        self.0.retain(|portal| *portal.name != *name);
    }

    /// It has been executed. What returns rows may be read again, to its end.
    pub(super) fn ran(&mut self, name: &[u8], shared: &Shared) {
        if let Some(portal) = self.0.iter_mut().find(|portal| *portal.name == *name) {
            portal.has_run = shared.own(tag::text(&portal.statement.prepared)).is_none();
        }
    }

    /// Those whose statement's text is not `kept` are gone.
    pub(super) fn retain(&mut self, kept: impl Fn(&[u8]) -> bool) {
        self.0.retain(|portal| kept(tag::text(&portal.statement.prepared)));
    }
}

/// The name in a `Describe` or a `Close`.
pub(super) fn target_name(body: &[u8]) -> &[u8] {
    tag::text(body.get(1..).unwrap_or_default())
}

/// How many values the rest of a `Bind`, behind its names, brings; none where that cannot be read.
pub(super) fn bound_values(rest: &[u8]) -> usize {
    let mut reader = Reader::new(rest);
    let count = |reader: &mut Reader<'_>| {
        let bytes: [u8; 2] = reader.take(2).ok()?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(bytes)))
    };
    let Some(formats) = count(&mut reader) else { return 0 };
    match reader.take(2 * formats) {
        Ok(_) => count(&mut reader).unwrap_or_default(),
        Err(_) => 0,
    }
}

/// `exec_bind_message` in `postgres.c`.
pub(super) fn superfluous(values: usize, statement: &[u8]) -> ErrorReport {
    let statement = String::from_utf8_lossy(statement);
    let message = format!(
        "bind message supplies {values} parameters, but prepared statement \"{statement}\" requires 0"
    );
    ErrorReport::error(SqlState::PROTOCOL_VIOLATION, message)
}

/// `PortalRun` in `pquery.c`.
pub(super) fn cannot_run(name: &[u8]) -> ErrorReport {
    let name = String::from_utf8_lossy(name);
    let message = format!("portal \"{name}\" cannot be run");
    ErrorReport::error(SqlState::NOT_IN_PREREQUISITE_STATE, message)
}

/// `CreatePortal` in `portalmem.c`.
fn duplicate(name: &[u8]) -> ErrorReport {
    let name = String::from_utf8_lossy(name);
    let message = format!("cursor \"{name}\" already exists");
    ErrorReport::error(SqlState::DUPLICATE_CURSOR, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_counted_behind_their_formats() {
        assert_eq!(bound_values(&[0, 0, 0, 0, 0, 0]), 0);
        assert_eq!(bound_values(&[0, 1, 0, 1, 0, 2, 0, 0, 0, 0]), 2);
        assert_eq!(bound_values(&[0, 9]), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes: Vec<u8>) {
            let _ = (bound_values(&bytes), target_name(&bytes).len());
        }
    }
}
