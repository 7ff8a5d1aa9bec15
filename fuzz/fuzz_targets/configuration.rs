//! pooler.toml.
#![no_main]

use pgweir::config::{Environment, NoFiles, Outside, Settings};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let environment = Environment::default();
    let outside = Outside { environment: &environment, files: &NoFiles };
    if let Err(mistakes) = Settings::from_text("pooler.toml", text, outside) {
        assert!(!mistakes.to_string().is_empty());
    }
});
