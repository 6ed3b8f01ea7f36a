//! The model when something befalls its files, and what it says of itself when a test fails.

use std::collections::BTreeSet;

use super::Model;
use crate::store::{damage, identity};

impl Model {
    /// No result arrived twice, and none that was not acknowledged. After damage some may be gone.
    pub(in super::super) fn check_arrivals(&self) -> usize {
        let mut arrived = BTreeSet::new();
        for record in self.warehouse.taken.iter().flat_map(|delivered| &delivered.batch.records) {
            let part = |rate: Option<wire::Rate>| u32::from(rate.expect("a throughput")) / 100 - 100;
            let number = part(record.download_rate) * 900 + part(record.upload_rate);
            assert!(arrived.insert(number), "result {number} arrived twice");
        }
        let acknowledged: BTreeSet<u32> = self.acknowledged.iter().map(|(number, _)| *number).collect();
        assert!(arrived.is_subset(&acknowledged), "results arrived that nobody was told are kept");
        arrived.len()
    }

    /// The program is killed, something befalls its files, and it starts again.
    pub(in super::super) fn harm(&mut self, harm: impl FnOnce(&std::path::Path)) {
        let aside = tempfile::tempdir().expect("a directory");
        let log = self.directory.path().join("agent.sqlite-wal");
        // Copied while it runs, and put back after it ended: that is how a kill leaves them.
        for file in [&self.path(), &log] {
            std::fs::copy(file, aside.path().join(file.file_name().expect("a name"))).expect("copied");
        }
        self.writer = None;
        for file in [&self.path(), &log] {
            std::fs::copy(aside.path().join(file.file_name().expect("a name")), file).expect("put back");
        }
        harm(self.directory.path());
        self.harmed = true;
        self.start();
    }

    /// True if damage took what cannot be counted to the last record: a database that was set aside, a log that was cut.
    pub(in super::super) fn lost_some(&self) -> bool {
        let damage = damage::read(self.connection()).expect("counts");
        damage.contains_key(&damage::Part::Database) || damage.get(&damage::Part::Log).is_some_and(|log| log.lost > 0)
    }

    pub(super) fn fault(&self) -> String {
        self.writer.as_ref().and_then(|writer| writer.gauges.condition.fault()).unwrap_or_default()
    }

    /// What both sides hold, for the report of a failure.
    pub(super) fn standing(&self) -> String {
        let me = identity::read(self.connection()).expect("an identity");
        let last = self.warehouse.last(me.epoch).map(|last| last.batch.seq);
        let rows: Vec<(u64, Option<i64>, bool, bool)> = self
            .connection()
            .prepare("SELECT seq, settled_s, offered, remade FROM batches")
            .and_then(|mut rows| {
                rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?.collect()
            })
            .expect("the batches");
        let damage = damage::read(self.connection()).expect("counts");
        format!("{me:?}, the warehouse has {last:?}, batches (settled, offered, remade) {rows:?}, damage {damage:?}")
    }
}
