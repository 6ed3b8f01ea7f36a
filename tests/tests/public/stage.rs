//! A running warehouse that looks back on a month.

use std::fs;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Scratch, Warehouse, WarehouseOptions};
use bufferlake_tests::http;
use bufferlake_tests::past::{self, Past};
use intake::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// A warehouse of a test's own.
pub(super) struct Stage {
    // Ends before its directory goes.
    pub(super) warehouse: Warehouse,
    /// Results on which it looks back.
    pub(super) results: u64,
    _scratch: Scratch,
}

impl Stage {
    /// A warehouse that looks back on 30,000 results of 12 days.
    pub(super) fn open(name: &str) -> anyhow::Result<Self> {
        Self::open_with(name, Vec::new())
    }

    /// As [`Stage::open`], with these variables in its environment.
    pub(super) fn open_with(name: &str, environment: Vec<(String, String)>) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        let dir = scratch.join("warehouse");
        let past = Past::small(dir, 11);
        let results = past::happen(&past, SystemClock.hour(), |_| {})?;
        let mut options = WarehouseOptions::new(past.dir);
        // One client asks everything here.
        options.more.push_str("\n[api]\nper_client_per_minute = 1000000\n[data]\nper_client_per_minute = 1000000\n");
        options.environment = environment;
        Ok(Self { results, ..Self::around(Warehouse::start(options)?, scratch) })
    }

    /// A warehouse without a past that runs in this directory.
    pub(super) fn around(warehouse: Warehouse, scratch: Scratch) -> Self {
        Self { warehouse, results: 0, _scratch: scratch }
    }

    /// A warehouse without a past.
    pub(super) fn empty(name: &str) -> anyhow::Result<Self> {
        let scratch = Scratch::new(name)?;
        Ok(Self::around(Warehouse::start(WarehouseOptions::new(scratch.join("warehouse")))?, scratch))
    }

    /// The public ranking of the usual question.
    pub(super) fn rankings(&self) -> anyhow::Result<Value> {
        let answer = self.warehouse.get("/api/v1/rankings?limit=1000")?;
        ensure!(answer.status == 200, "the ranking is answered with {}", answer.status);
        answer.json()
    }

    /// The live counts.
    pub(super) fn daily(&self) -> anyhow::Result<Vec<Value>> {
        self.warehouse.sql("SELECT * FROM daily ORDER BY ALL")
    }

    /// What the current cut says of itself.
    pub(super) fn cut_document(&self) -> anyhow::Result<Value> {
        let latest = fs::read(self.warehouse.dir().join("public/latest.json")).context("there is no release")?;
        let latest: Value = serde_json::from_slice(&latest)?;
        self.document_of(latest["release"].as_str().unwrap_or_default())
    }

    /// What this cut says of itself.
    pub(super) fn document_of(&self, id: &str) -> anyhow::Result<Value> {
        let path = self.warehouse.dir().join("public/releases").join(id).join("manifest.json");
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Posts a direct test.
    pub(super) fn post_direct(&self) -> anyhow::Result<()> {
        self.post_another(0)
    }

    /// Posts a direct test that is another one for each number.
    pub(super) fn post_another(&self, number: u32) -> anyhow::Result<()> {
        let baseline = 25.3 + f64::from(number);
        let body = json!({"telemetry_enabled": true, "results": {"test_type": "single", "grades": {"overall": "B"},
            "metrics": {"baseline_latency_ms": baseline, "download_latency_increase_ms": 45.2,
                "upload_latency_increase_ms": 67.8, "download_throughput_mbps": 95.3, "upload_throughput_mbps": 12.7}}});
        let headers = [("content-type", "application/json")];
        let request = http::request("POST", "/api/telemetry", &headers, body.to_string().as_bytes());
        let answer = http::fetch(self.warehouse.address(), &request)?;
        ensure!(answer.status == 200, "a direct test is answered with {}: {}", answer.status, answer.json()?);
        Ok(())
    }

    /// Fails if the program has ended or has panicked.
    pub(super) fn assert_sound(&mut self) -> anyhow::Result<()> {
        self.warehouse.program().assert_sound()
    }
}
