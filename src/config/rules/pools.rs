//! That the sizes of pools fit each other.

use super::Rules;
use crate::config::section::Section;
use crate::config::source::written::TableId;

impl Rules<'_> {
    pub(super) fn pools(&mut self) {
        let pools = &self.settings.pooler.pools;
        let id = TableId::from(Section::Pooler);
        self.min_fits(&id, "default_pool_size", pools.min_pool_size, pools.default_pool_size);
        for (name, database) in &self.settings.databases {
            let id = TableId::named(Section::Databases, name);
            let own = ["pool_size", "min_pool_size"].iter().any(|key| self.is_written(&id, key));
            if own {
                self.min_fits(
                    &id,
                    "pool_size",
                    database.pool.min_pool_size,
                    database.pool.pool_size,
                );
            }
        }
    }

    fn min_fits(&mut self, id: &TableId, size_key: &str, min: u32, size: u32) {
        if min > size {
            let wrong = format!("min_pool_size = {min} is more than {size_key} = {size}");
            let min_key = "min_pool_size";
            let key = if self.is_written(id, min_key) { min_key } else { size_key };
            self.mistake(id, key, &[size_key, min_key], wrong);
        }
    }
}
