//! Which functions a read may call, by name alone.

mod harmless;
mod types;

use harmless::HARMLESS;
use types::TYPES;

use super::Reason;

/// Why a call keeps a statement from a replica; none if the function is known to be harmless.
///
/// `name` is the function's name as PostgreSQL sees it: folded to lower case unless it was quoted.
/// The name alone decides: all overloads of a name in [`HARMLESS`] are harmless, those aside of which
/// [`is_in_doubt`] is true.
#[must_use]
pub(crate) fn objection(name: &str) -> Option<Reason> {
    if [HARMLESS, TYPES].iter().any(|list| list.binary_search(&name).is_ok()) {
        None
    } else if family(name) {
        Some(Reason::PrimaryFunction)
    } else {
        Some(Reason::UnknownFunction)
    }
}

/// Functions of PostgreSQL and its usual extensions which write, fail on a standby, or succeed
/// there and mean something else: a lock that nobody else sees, a session that is not the
/// client's, a host that is not the one meant.
#[must_use]
pub(crate) fn family(name: &str) -> bool {
    PRIMARY.binary_search(&name).is_ok()
        || (PRIMARY_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            && !EXCEPTIONS.contains(&name))
}

/// Whether a call of a function in [`HARMLESS`] with this many arguments at least may be of an
/// overload that is not. `ts_rewrite` with two runs a query that it is given as a text; with three it
/// only computes (manual, 12.4.2.1, "Query Rewriting").
#[must_use]
pub(crate) fn is_in_doubt(name: &str, arguments_min: impl FnOnce() -> usize) -> bool {
    name == "ts_rewrite" && arguments_min() < 3
}

/// Harmless, although their prefix is in [`PRIMARY_PREFIXES`]: a large object is replicated as every
/// table is, and `lo_get` opens it for reading (`be-fsstubs.c`).
const EXCEPTIONS: &[&str] = &["lo_get"];

/// By prefix, because the families grow with every release.
const PRIMARY_PREFIXES: &[&str] = &[
    "binary_upgrade_",
    "brin_",
    "cursor_to_xml",
    "database_to_xml",
    "dblink",
    "inet_client_",
    "inet_server_",
    "lo_",
    "pg_advisory_",
    "pg_backup_",
    "pg_control_",
    "pg_copy_",
    "pg_create_",
    "pg_current_wal_",
    "pg_current_xact_id",
    "pg_drop_",
    "pg_get_wal_",
    "pg_last_",
    "pg_logical_",
    "pg_ls_",
    "pg_read_",
    "pg_replication_",
    "pg_restore_",
    "pg_show_",
    "pg_stat_",
    "pg_try_advisory_",
    "pg_wal_replay_",
    "pg_walfile_",
    "pg_xact_",
    "query_to_xml",
    "schema_to_xml",
    "table_to_xml",
    "txid_current",
];

const PRIMARY: &[&str] = &[
    "current_setting",
    "currtid2",
    "currval",
    "gin_clean_pending_list",
    "lastval",
    "loread",
    "lowrite",
    "nextval",
    "pg_available_extension_versions",
    "pg_available_extensions",
    "pg_backend_pid",
    "pg_blocking_pids",
    "pg_cancel_backend",
    "pg_clear_attribute_stats",
    "pg_clear_relation_stats",
    "pg_collation_actual_version",
    "pg_conf_load_time",
    "pg_config",
    "pg_current_logfile",
    "pg_current_snapshot",
    "pg_cursor",
    "pg_database_collation_actual_version",
    "pg_export_snapshot",
    "pg_extension_config_dump",
    "pg_extension_update_paths",
    "pg_filenode_relation",
    "pg_get_backend_memory_contexts",
    "pg_get_replication_slots",
    "pg_get_sequence_data",
    "pg_get_shmem_allocations",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_import_system_collations",
    "pg_is_in_recovery",
    "pg_is_other_temp_schema",
    "pg_is_wal_replay_paused",
    "pg_isolation_test_session_is_blocked",
    "pg_jit_available",
    "pg_listening_channels",
    "pg_lock_status",
    "pg_log_backend_memory_contexts",
    "pg_log_standby_snapshot",
    "pg_my_temp_schema",
    "pg_nextoid",
    "pg_notification_queue_usage",
    "pg_notify",
    "pg_numa_available",
    "pg_postmaster_start_time",
    "pg_prepared_statement",
    "pg_prepared_xact",
    "pg_promote",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_safe_snapshot_blocking_pids",
    "pg_sequence_last_value",
    "pg_settings_get_flags",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_stop_making_pinned_objects",
    "pg_switch_wal",
    "pg_switch_xlog",
    "pg_sync_replication_slots",
    "pg_tablespace_location",
    "pg_terminate_backend",
    "set_config",
    "setseed",
    "setval",
    "ts_stat",
    "txid_status",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_is_sorted_for_its_search() {
        for list in [HARMLESS, TYPES, PRIMARY, PRIMARY_PREFIXES] {
            let misplaced = list.windows(2).find(|w| w[0] >= w[1]);
            assert_eq!(misplaced, None);
        }
    }

    #[test]
    fn nothing_is_both_harmless_and_the_primarys() {
        let both: Vec<_> = HARMLESS.iter().filter(|name| family(name)).collect();
        assert_eq!(both, Vec::<&&str>::new());
    }

    #[test]
    fn what_lies_or_fails_on_a_standby_is_not_harmless() {
        for name in [
            "nextval",
            "setval",
            "currval",
            "lastval",
            "pg_notify",
            "set_config",
            "setseed",
            "pg_advisory_lock",
            "pg_try_advisory_xact_lock_shared",
            "pg_advisory_unlock_all",
            "pg_cancel_backend",
            "pg_terminate_backend",
            "pg_stat_reset",
            "pg_reload_conf",
            "pg_promote",
            "pg_wal_replay_pause",
            "pg_create_physical_replication_slot",
            "pg_drop_replication_slot",
            "dblink",
            "dblink_exec",
            "pg_export_snapshot",
            "pg_backend_pid",
            "inet_server_addr",
            "inet_server_port",
            "pg_is_in_recovery",
            "pg_current_wal_lsn",
            "pg_switch_wal",
            "txid_current",
            "pg_current_xact_id",
            "pg_current_xact_id_if_assigned",
            "lo_create",
            "loread",
            "lo_put",
            "pg_logical_emit_message",
            "query_to_xml",
            "ts_stat",
            "current_setting",
        ] {
            assert_eq!(objection(name), Some(Reason::PrimaryFunction), "{name}");
        }
    }

    #[test]
    fn a_type_may_be_called_like_a_function() {
        for name in ["inet", "regproc", "tsquery", "lo_get"] {
            assert_eq!(objection(name), None, "{name}");
        }
        assert_eq!(objection("lo_put"), Some(Reason::PrimaryFunction));
    }

    #[test]
    fn only_the_exact_name_is_harmless() {
        assert_eq!(objection("lower"), None);
        assert_eq!(objection("Lower"), Some(Reason::UnknownFunction));
        assert_eq!(objection("lower "), Some(Reason::UnknownFunction));
        assert_eq!(objection(""), Some(Reason::UnknownFunction));
    }
}
