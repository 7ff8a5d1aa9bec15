//! Which relations a read may name, by name alone.

use super::Reason;

/// Why naming `schema.relation` keeps a statement from a replica; none if nothing speaks against
/// it. Names as PostgreSQL sees them: folded to lower case unless quoted.
///
/// Without a schema a name of PostgreSQL's is taken for PostgreSQL's own.
#[must_use]
pub(crate) fn objection(schema: Option<&str>, relation: &str) -> Option<Reason> {
    match schema {
        Some(schema) if is_temporary(schema) => Some(Reason::Temporary),
        None | Some("pg_catalog") if describes_host(relation) => Some(Reason::PrimaryRelation),
        _ => None,
    }
}

fn is_temporary(schema: &str) -> bool {
    schema == "pg_temp" || schema.starts_with("pg_temp_") || schema.starts_with("pg_toast_temp_")
}

/// `pg_stat_` covers the statistics views, which every host counts for itself; `pg_stats` and
/// `pg_statistic`, the planner's, are replicated and not meant.
fn describes_host(relation: &str) -> bool {
    relation.starts_with("pg_stat_")
        || relation.starts_with("pg_statio_")
        || HOST_VIEWS.binary_search(&relation).is_ok()
}

/// Views over a host's memory, files, settings and sessions. `pg_sequences` is here because a
/// standby sees sequences up to 32 values ahead (`SEQ_LOG_VALS` in `sequence.c`).
const HOST_VIEWS: &[&str] = &[
    "pg_aios",
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_backend_memory_contexts",
    "pg_buffercache",
    "pg_config",
    "pg_cursors",
    "pg_file_settings",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_locks",
    "pg_prepared_statements",
    "pg_prepared_xacts",
    "pg_replication_origin_status",
    "pg_replication_slots",
    "pg_sequences",
    "pg_settings",
    "pg_shmem_allocations",
    "pg_shmem_allocations_numa",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_its_search() {
        assert!(HOST_VIEWS.is_sorted());
    }

    #[test]
    fn a_users_own_relation_of_that_name_is_not_meant() {
        assert_eq!(objection(None, "pg_locks"), Some(Reason::PrimaryRelation));
        assert_eq!(objection(Some("pg_catalog"), "pg_locks"), Some(Reason::PrimaryRelation));
        assert_eq!(objection(Some("shop"), "pg_locks"), None);
    }

    #[test]
    fn the_planners_statistics_are_replicated() {
        for relation in ["pg_stats", "pg_statistic", "pg_class", "pg_roles"] {
            assert_eq!(objection(None, relation), None, "{relation}");
        }
    }

    #[test]
    fn temporary_schemas_are_the_primarys() {
        for schema in ["pg_temp", "pg_temp_3", "pg_toast_temp_3"] {
            assert_eq!(objection(Some(schema), "t"), Some(Reason::Temporary), "{schema}");
        }
        assert_eq!(objection(Some("pg_template"), "t"), None);
    }
}
