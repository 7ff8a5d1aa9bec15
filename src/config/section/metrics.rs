//! `[metrics]`: where numbers can be fetched.

use crate::config::kind::text::Text;
use crate::config::setting::settings;

settings! {
    /// Where numbers can be fetched.
    pub struct Metrics {
        /// The address and port for /metrics, /livez and /readyz; "" is none.
        listen: String = Text, default String::new(), at AtRestart,
            note "it has no effect in this version";
    }
}
