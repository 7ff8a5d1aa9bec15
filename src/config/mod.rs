//! pooler.toml, the environment and URLs become settings; every mistake is reported at once.
