//! The SQLSTATEs that pgweir itself reports.
//!
//! Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".

/// A five-character error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SqlState(pub &'static str);

impl SqlState {
    /// Its characters.
    pub fn code(self) -> [u8; 5] {
        self.0.as_bytes().try_into().unwrap_or(*b"XX000")
    }
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl SqlState { $($(#[$doc])* pub const $name: SqlState = SqlState($code);)* }
    };
}

states! {
    /// `protocol_violation`: a message that may not come now, or is not one.
    PROTOCOL_VIOLATION = "08P01";
    /// `connection_failure`: the connection to the server was lost.
    CONNECTION_FAILURE = "08006";
    /// `transaction_resolution_unknown`: whether a COMMIT took effect is not known.
    RESOLUTION_UNKNOWN = "08007";
    /// `feature_not_supported`.
    FEATURE_NOT_SUPPORTED = "0A000";
    /// `invalid_authorization_specification`: the kind of login is not allowed.
    INVALID_AUTHORIZATION = "28000";
    /// `invalid_password`.
    INVALID_PASSWORD = "28P01";
    /// `invalid_catalog_name`: no such database.
    NO_SUCH_DATABASE = "3D000";
    /// `too_many_connections`.
    TOO_MANY_CONNECTIONS = "53300";
    /// `program_limit_exceeded`.
    LIMIT_EXCEEDED = "54000";
    /// `query_canceled`.
    QUERY_CANCELED = "57014";
    /// `cannot_connect_now`.
    CANNOT_CONNECT_NOW = "57P03";
    /// `insufficient_privilege`.
    INSUFFICIENT_PRIVILEGE = "42501";
    /// `invalid_text_representation`.
    INVALID_TEXT = "22P02";
    /// `read_only_sql_transaction`.
    READ_ONLY = "25006";
    /// `no_active_sql_transaction`.
    NO_ACTIVE_TRANSACTION = "25P01";
    /// `undefined_column`.
    UNDEFINED_COLUMN = "42703";
    /// `undefined_function`.
    UNDEFINED_FUNCTION = "42883";
    /// `undefined_table`.
    UNDEFINED_TABLE = "42P01";
    /// `config_file_error`.
    CONFIG_FILE_ERROR = "F0000";
    /// `object_not_in_prerequisite_state`.
    NOT_IN_PREREQUISITE_STATE = "55000";
    /// `lock_not_available`: it was waited for as long as may be.
    LOCK_NOT_AVAILABLE = "55P03";
    /// `out_of_memory`: more results are held than may be.
    OUT_OF_MEMORY = "53200";
    /// `insufficient_resources`: no file descriptor is left
    INSUFFICIENT_RESOURCES = "53000";
    /// `admin_shutdown`.
    ADMIN_SHUTDOWN = "57P01";
    /// `idle_session_timeout`.
    IDLE_SESSION_TIMEOUT = "57P05";
    /// `idle_in_transaction_session_timeout`.
    IDLE_IN_TRANSACTION_TIMEOUT = "25P03";
    /// `duplicate_prepared_statement`.
    DUPLICATE_PREPARED_STATEMENT = "42P05";
    /// `duplicate_cursor`.
    DUPLICATE_CURSOR = "42P03";
    /// `serialization_failure`: all of it may be tried again.
    SERIALIZATION_FAILURE = "40001";
    /// `in_failed_sql_transaction`.
    IN_FAILED_TRANSACTION = "25P02";
    /// `undefined_object`.
    UNDEFINED_OBJECT = "42704";
    /// `syntax_error`.
    SYNTAX_ERROR = "42601";
    /// `cant_change_runtime_param`.
    CANNOT_CHANGE = "55P02";
    /// `invalid_parameter_value`.
    INVALID_PARAMETER = "22023";
    /// `internal_error`.
    INTERNAL = "XX000";
}
