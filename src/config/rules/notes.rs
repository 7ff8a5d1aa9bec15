//! That nobody relies on a setting without effect.

use super::Rules;

impl Rules<'_> {
    /// Warns of each setting that was written and does nothing in this version.
    pub(super) fn notes(&mut self) {
        for (id, table) in self.written.tables() {
            for key in table.entries.keys() {
                if let Some(note) = id.section.setting(key).and_then(|setting| setting.note) {
                    self.warning(id, key, note);
                }
            }
        }
    }
}
