//! The agent's store under random operations, and the accounts that must add up.

mod again;

mod erased;

mod harmed;

mod result;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use intake::clock::{Clock, ManualClock};
use jiff::Timestamp;
use proptest::sample::Index;
use rusqlite::Connection;
use tokio::sync::oneshot;
use wire::{AgentId, Epoch};

pub(super) use self::result::incoming;
use super::super::Writer;
use super::warehouse::{Fate, Heard, Warehouse};
use crate::store::accept::Accepted;
use crate::store::identity::Alarm;
use crate::store::report::{Report, report};
use crate::store::{
    Answer, Message, OutboxCaps, Outcome, StoreFault, StoreSettings, batches, epoch, evict, identity, schema,
};

/// What can happen.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// So many new results come at once.
    Take(u32),
    /// An earlier result comes again, byte for byte.
    Repeat(Index),
    /// The uploader works, so many times in a row at most.
    Upload(Fate, usize),
    /// Seconds pass.
    Pass(i64),
    /// The program ends, at any moment between two transactions, and starts again.
    Restart,
    /// Results come while the disk is full; their clients send them again when it is not.
    TakeOnFullDisk(u32),
    /// The warehouse is restored from a backup without its last batches.
    WarehouseForgets(usize),
    /// `agent new-epoch`.
    NewEpoch,
    /// `agent queue retry --all`, beside the running agent.
    SendAgain,
    /// The client of an earlier result is erased.
    Erase(Index),
}

/// So small that evictions are frequent.
const CAP_BYTES: u64 = 12_000;
const SEAL_RECORDS: u64 = 10;
const SEAL_INTERVAL_S: i64 = 60;
const HISTORY_ROWS: u64 = 25;
const DAY_S: i64 = 86_400;

pub(super) struct Model {
    writer: Option<Writer>,
    clock: Arc<ManualClock>,
    now_s: i64,
    warehouse: Warehouse,
    /// Every result that was acknowledged: its number, its answer, and when.
    acknowledged: Vec<(u32, Accepted)>,
    /// Records that a new epoch counted as dropped although their batch had arrived, and those that were counted as
    /// dropped when they were refused, and were sent again.
    counted_twice: u64,
    /// Results whose client was erased.
    erased: BTreeSet<u32>,
    /// Those of them that will never arrive, because they were not sealed yet.
    erased_unsealed: u64,
    /// Damage has taken what nobody can count.
    harmed: bool,
    directory: tempfile::TempDir,
}

impl Model {
    pub(super) fn new() -> Self {
        let now_s = 1_790_000_000;
        let mut model = Self {
            writer: None,
            clock: Arc::new(ManualClock::at(Timestamp::from_second(now_s).expect("a moment"))),
            now_s,
            warehouse: Warehouse::default(),
            acknowledged: Vec::new(),
            counted_twice: 0,
            erased: BTreeSet::new(),
            erased_unsealed: 0,
            harmed: false,
            directory: tempfile::tempdir().expect("a directory"),
        };
        model.start();
        model
    }

    pub(super) fn run(&mut self, op: Op) {
        match op {
            Op::Take(count) => {
                let kept = self.take(count);
                assert!(kept.iter().all(Result::is_ok), "a healthy disk refuses: {kept:?}, {}", self.fault());
            }
            Op::Repeat(which) => self.repeat(which),
            Op::Upload(fate, times) => {
                for _ in 0..times {
                    self.upload(fate);
                }
            }
            Op::Pass(seconds) => self.pass(seconds),
            Op::Restart => self.start(),
            Op::TakeOnFullDisk(count) => self.take_on_full_disk(count),
            Op::WarehouseForgets(count) => self.warehouse.forget(self.epoch(), count),
            Op::NewEpoch => self.new_epoch(),
            Op::SendAgain => self.send_again(),
            Op::Erase(which) => self.erase(which),
        }
        let report = self.report();
        assert!(report.history_rows <= HISTORY_ROWS, "{} results in the history", report.history_rows);
    }

    /// Damages the database as a fault of ours would.
    pub(super) fn plant(&mut self, statement: &'static str) {
        self.job(move |connection| Ok(connection.execute_batch(statement)?));
        self.start();
    }

    /// Everything is sent: time passes, and every upload is answered.
    pub(super) fn drain(&mut self) {
        for _ in 0..200 {
            self.pass(2 * SEAL_INTERVAL_S);
            let mut uploads = 0;
            while self.upload(Fate::Answered) {
                uploads += 1;
                assert!(uploads < 2_000, "agent and warehouse go round in circles: {}", self.standing());
            }
            let report = self.report();
            if report.waiting_records + report.unsettled_batches == 0 && report.dropped.is_empty() {
                return;
            }
        }
        panic!("the outbox does not empty: {:?}", self.report());
    }

    /// Every acknowledged result arrived once or was counted once.
    pub(super) fn check_accounts(&mut self) {
        // What the warehouse forgot and the agent believes to be there is known to be lost only to this model.
        self.warehouse.give_up(|_| true);
        let arrived = self.check_arrivals();
        let accounted: u64 = self.warehouse.taken.iter().map(super::warehouse::Delivered::accounts_for).sum();
        assert_eq!(
            accounted + self.warehouse.lost + self.erased_unsealed,
            self.acknowledged.len() as u64 + self.counted_twice,
            "arrived {arrived} of {} acknowledged: {}",
            self.acknowledged.len(),
            self.standing()
        );
    }

    fn take(&mut self, count: u32) -> Vec<Result<Accepted, StoreFault>> {
        let first = u32::try_from(self.acknowledged.len()).expect("few results");
        self.submit((first..first + count).collect())
    }

    fn repeat(&mut self, which: Index) {
        if self.acknowledged.is_empty() {
            return;
        }
        let (number, before) = self.acknowledged[which.index(self.acknowledged.len())];
        // What was erased is new when it comes again; it would be another result with the same number.
        if !self.erased.contains(&number) && self.now_s - before.received_s < intake::retries::RETRY_WINDOW_S {
            let again = self.turn_with(&[number]).remove(0).expect("a healthy disk");
            assert_eq!(again, before, "a repeated result got another answer");
        }
    }

    fn take_on_full_disk(&mut self, count: u32) {
        let connection = self.connection();
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
        let limit = |pages: i64, connection: &Connection| {
            connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).expect("a pragma");
        };
        limit(pages, connection);
        let first = u32::try_from(self.acknowledged.len()).expect("few results");
        let kept = self.turn_with(&(first..first + count).collect::<Vec<_>>());
        assert!(kept.iter().all(Result::is_ok) || kept.iter().all(Result::is_err), "one transaction, two outcomes");
        limit(i64::from(u32::MAX) - 1, self.connection());
        let again = self.take(count);
        for (first, again) in kept.iter().zip(&again) {
            let again = again.as_ref().expect("the disk is not full any more");
            assert!(first.as_ref().is_ok_and(|first| first == again) || first.is_err());
        }
    }

    /// Submits new results and notes those that were acknowledged.
    fn submit(&mut self, numbers: Vec<u32>) -> Vec<Result<Accepted, StoreFault>> {
        let answers = self.turn_with(&numbers);
        for (number, answer) in numbers.into_iter().zip(&answers) {
            self.acknowledged.extend(answer.as_ref().ok().map(|accepted| (number, *accepted)));
        }
        answers
    }

    /// One transaction with these results.
    fn turn_with(&mut self, numbers: &[u32]) -> Vec<Result<Accepted, StoreFault>> {
        let (messages, answers): (Vec<_>, Vec<_>) = numbers
            .iter()
            .map(|number| {
                let (answer, answered) = oneshot::channel();
                (Message::Submit(Box::new(incoming(*number)), answer), answered)
            })
            .unzip();
        self.turn(messages);
        answers.into_iter().map(|mut answered| answered.try_recv().expect("every submission is answered")).collect()
    }

    fn turn(&mut self, messages: Vec<Message>) {
        let now = super::super::Moment::of(&*self.clock);
        self.writer.as_mut().expect("it runs").turn(messages, now).give();
    }

    /// As the uploader does it; false if there was nothing to send.
    fn upload(&mut self, fate: Fate) -> bool {
        let now_s = self.now_s;
        // As `write_through`: what is offered lies in the main file before it is sent.
        let offered = self.job_with(Outcome::KeepInMainFile, move |connection| batches::offer(connection, now_s));
        let Some(offer) = offered.offer else { return false };
        let seq = offer.seq;
        match self.warehouse.receive(&offer, fate) {
            Heard::Nothing => {}
            Heard::Receipt => self.job(move |connection| batches::settle(connection, seq, now_s)),
            Heard::Refused => {
                let alarm = self.job(move |connection| batches::refuse(connection, seq, "bad-batch", now_s));
                assert_eq!(alarm, None);
            }
            Heard::Expected(expected) => {
                match self.job(move |connection| batches::go_to(connection, seq, expected, now_s)) {
                    None => {}
                    Some(Alarm::Gap { ours, .. }) if !self.harmed => {
                        self.warehouse.accept_gap(self.epoch(), wire::Seq(ours));
                    }
                    Some(alarm) => panic!("no database was restored here: {alarm}"),
                }
            }
        }
        true
    }

    fn pass(&mut self, seconds: i64) {
        self.now_s += seconds;
        self.clock.advance(std::time::Duration::from_secs(seconds.unsigned_abs()));
        // The first turn sets the time of the next seal if none is set; what it finds due, it does.
        self.turn(Vec::new());
        if seconds > 60 {
            self.check_cap();
        }
    }

    /// After a recount nothing is over the cap that could be let go.
    fn check_cap(&mut self) {
        let (bytes, fixed) = self.job(|connection| {
            let fixed: u64 = connection.query_row(
                "SELECT coalesce(sum(length(body) + ?1), 0) FROM batches
                 WHERE settled_s IS NULL AND (offered = 1 OR records = 0)",
                [evict::ROW_OVERHEAD_BYTES],
                |row| row.get(0),
            )?;
            Ok((evict::bytes(connection)?, fixed))
        });
        assert!(bytes <= CAP_BYTES.max(fixed), "the outbox holds {bytes} bytes, of which {fixed} cannot go");
    }

    fn new_epoch(&mut self) {
        let epoch = self.epoch();
        let last = self.warehouse.last(epoch).map_or(0, |last| last.batch.seq.0);
        let arrived: Vec<u64> = self.job(move |connection| {
            let mut statement =
                connection.prepare("SELECT records + dropped FROM batches WHERE settled_s IS NULL AND seq <= ?1")?;
            let rows = statement.query_map([last], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        self.counted_twice += arrived.iter().sum::<u64>();
        let unsettled: BTreeSet<u64> = self.job(|connection| {
            let mut statement = connection.prepare("SELECT seq FROM batches WHERE settled_s IS NULL")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        // What is unsettled here is counted as restored; what was settled and forgotten there is known to nobody.
        self.warehouse.give_up(|known| known.batch.epoch == epoch && !unsettled.contains(&known.batch.seq.0));
        self.warehouse.forgotten.retain(|known| known.batch.epoch != epoch);
        self.writer = None;
        let mut connection = schema::open(&self.path()).expect("the database");
        epoch::begin(&mut connection, self.now_s).expect("a new epoch");
        drop(connection);
        self.start();
    }

    fn start(&mut self) {
        self.writer = None;
        let caps = OutboxCaps { max_bytes: CAP_BYTES, max_age_s: DAY_S, settled_kept_s: DAY_S / 2 };
        let settings = StoreSettings {
            agent: Some(AgentId::parse("isp-one").expect("an id")),
            records: true,
            history_rows: HISTORY_ROWS,
            caps,
            seal_records: SEAL_RECORDS,
            seal_interval_ms: SEAL_INTERVAL_S * 1_000,
            webhook: None,
        };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let writer = Writer::new(self.path(), settings, clock, Arc::default(), Arc::default());
        self.writer = Some(writer.expect("a writer"));
        // Durability is SQLite's affair and is tested on the real program; here it would only cost time.
        self.connection().pragma_update(None, "synchronous", "off").expect("a pragma");
    }

    fn connection(&self) -> &Connection {
        let open = self.writer.as_ref().and_then(|writer| writer.open.as_ref());
        &open.unwrap_or_else(|| panic!("the database is closed: {}", self.fault())).connection
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("agent.sqlite")
    }

    fn epoch(&self) -> Epoch {
        identity::read(self.connection()).expect("an identity").epoch
    }

    fn report(&self) -> Report {
        report(self.connection()).expect("a report")
    }

    /// Runs a job in a transaction of its own.
    pub(super) fn job<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> T {
        self.job_with(Outcome::Keep, job)
    }

    fn job_with<T: Send + 'static>(
        &mut self,
        kept: Outcome,
        job: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> T {
        let place = Arc::new(Mutex::new(None));
        let inside = Arc::clone(&place);
        self.turn(vec![Message::Job(Box::new(move |connection| {
            let result = job(connection);
            let keep = result.is_ok();
            let answer: Answer = Box::new(move |committed| {
                assert!(committed, "the transaction of a job failed");
                *inside.lock().expect("one thread") = Some(result);
            });
            (if keep { kept } else { Outcome::Undo }, answer)
        }))]);
        let result = place.lock().expect("one thread").take();
        result.expect("the job was run").expect("the job works")
    }
}
