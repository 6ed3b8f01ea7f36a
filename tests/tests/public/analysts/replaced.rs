//! The file is replaced under its readers, by a warehouse that is killed, and on a disk that is full.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Scratch, SmallDisk, Trials, Warehouse, WarehouseOptions, python, until};
use serde_json::Value;

use super::super::stage::Stage;
use super::{ask, file};

/// How long a publication may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kills by default, and for `BUFFERLAKE_TRIALS=all`.
const FEW: u32 = 4;
const MANY: u32 = 60;

const COUNTS: [&str; 2] = ["SELECT CAST(sum(tests) AS BIGINT) FROM daily", "SELECT count(*) FROM results"];

/// A notebook that stays open: it answers both counts whenever a line comes.
struct Notebook {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Notebook {
    fn open(stage: &Stage) -> anyhow::Result<Self> {
        let script = format!(
            "import duckdb, sys\nconnection = duckdb.connect(sys.argv[1], read_only=True)\nfor line in sys.stdin:\n    \
             print([connection.execute(statement).fetchone()[0] for statement in {COUNTS:?}], flush=True)\n"
        );
        let mut child = Command::new(python()?)
            .args(["-c", &script])
            .arg(file(stage))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting Python")?;
        let input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, input, output })
    }

    fn counts(&mut self) -> anyhow::Result<String> {
        writeln!(self.input, "again")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for Notebook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_counts(stage: &Stage) -> anyhow::Result<String> {
    let (_, answers) = ask(&file(stage), false, &COUNTS)?;
    Ok(format!("[{}, {}]", answers[0][0][0], answers[1][0][0]))
}

// Aim: while results come in and files are published one after the other, who has one open keeps its answers to the letter,
// and who opens it then sees what has come.
#[test]
fn a_notebook_keeps_what_it_opened() -> anyhow::Result<()> {
    let mut stage = Stage::open("notebook")?;
    stage.warehouse.command(&["publish"])?;
    stage.warehouse.command(&["analytics"])?;
    let mut notebook = Notebook::open(&stage)?;
    let opened = format!("[{0}, {0}]", stage.results);
    ensure!(notebook.counts()? == opened);
    for more in 1..=3 {
        stage.post_another(more)?;
        let expected = format!("[{0}, {0}]", stage.results + u64::from(more));
        until("the new result is in a new file", PATIENCE, || {
            stage.warehouse.command(&["analytics"]).ok()?;
            (new_counts(&stage).ok()? == expected).then_some(())
        })?;
        ensure!(notebook.counts()? == opened, "the open file changed");
    }
    stage.warehouse.command(&["compact"])?;
    ensure!(notebook.counts()? == opened, "merging files broke an open view");
    stage.assert_sound()
}

// Aim: a warehouse that is killed while it publishes leaves the file before whole; after the next start there is a new one
// and nothing beside it.
#[test]
fn a_kill_leaves_the_file_whole() -> anyhow::Result<()> {
    let environment = vec![("BUFFERLAKE_WAREHOUSE_ANALYTICS__EVERY_MINUTES".to_owned(), "0".to_owned())];
    let mut stage = Stage::open_with("analytics-kill", environment)?;
    let path = file(&stage);
    let hidden = path.with_file_name(".analytics.duckdb.making");
    let published = |stage: &Stage| -> Option<u64> {
        let (_, answers) = ask(&file(stage), false, &COUNTS[1..]).ok()?;
        answers[0][0][0].as_u64()
    };
    until("the first file is there", PATIENCE, || (published(&stage)? == stage.results).then_some(()))?;
    let mut met = 0;
    for trial in Trials::few_or_all(FEW, MANY).each() {
        stage.post_another(trial)?;
        until("a file is being made", PATIENCE, || hidden.exists().then_some(()))?;
        stage.warehouse.program().kill()?;
        met += u32::from(hidden.exists());
        let before = published(&stage).with_context(|| format!("trial {trial}: the file is broken"))?;
        let after = stage.results + u64::from(trial) + 1;
        ensure!(before == after || before + 1 == after, "trial {trial}: {before} results of {after}");
        stage.warehouse.restart()?;
        until("the result is in a new file", PATIENCE, || (published(&stage)? == after).then_some(()))?;
        until("nothing lies beside it", PATIENCE, || {
            let beside = fs::read_dir(path.parent()?).ok()?.count();
            (beside == 1).then_some(())
        })?;
    }
    ensure!(met > 0, "no kill met a file that was being made");
    stage.assert_sound()
}

// Aim: on a full disk the file before stays and can be read, the health page and a metric say so, results are taken all
// the same; when there is room, a new file comes by itself and the alarm ends.
#[test]
fn a_full_disk_costs_no_result() -> anyhow::Result<()> {
    let scratch = Scratch::new("analytics-full")?;
    let Some(disk) = SmallDisk::mount(scratch.join("disk"), 24 << 20)? else { return Ok(()) };
    let mut options = WarehouseOptions::new(scratch.join("warehouse"));
    let path = disk.path().join("analytics.duckdb");
    options.more = format!("\n[analytics]\nevery_minutes = 0\npath = {path:?}\n");
    let mut stage = Stage::around(Warehouse::start(options)?, scratch);
    let published = || ask(&path, false, &COUNTS[1..]).ok().and_then(|(_, answers)| answers[0][0][0].as_u64());
    until("the first file is there", PATIENCE, || (published()? == 0).then_some(()))?;
    disk.fill()?;
    stage.post_another(1)?;
    let alarms = |stage: &Stage| -> Option<Value> { stage.warehouse.get("/api/health").ok()?.json().ok() };
    let raised = |health: &Value| health["alarms"].as_array().is_some_and(|all| all.contains(&"analytics".into()));
    until("the alarm is raised", PATIENCE, || raised(&alarms(&stage)?).then_some(()))?;
    stage.post_another(2)?;
    ensure!(published() == Some(0), "the file before is gone");
    disk.make_room()?;
    until("a new file comes", PATIENCE, || (published()? == 2).then_some(()))?;
    until("the alarm ends", PATIENCE, || (!raised(&alarms(&stage)?)).then_some(()))?;
    // Before the directory in which it is mounted.
    drop(disk);
    stage.assert_sound()
}
