//! What is acknowledged can be read again, also after a restart; what is damaged is seen and never deleted.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wire::signature::ContentDigest;
use wire::{AgentId, Epoch, Hour, Seq};

use super::{Landing, LandingFile};
use crate::landing::{LandedBatch, LandingFault};

fn batch(seq: u64) -> LandedBatch {
    LandedBatch {
        agent: AgentId::parse("isp-one").unwrap(),
        epoch: Epoch::from_random_bits(7),
        seq: Seq(seq),
        digest: ContentDigest::of(&seq.to_be_bytes()),
        arrived_hour: Hour(498_000),
        dropped: [(wire::DropReason::OutboxOld, seq)].into(),
        quarantined: [(wire::QuarantineReason::OldHour, 3)].into(),
        records: Vec::new(),
    }
}

fn read_all(landing: &Landing) -> Vec<LandedBatch> {
    landing.files().unwrap().iter().flat_map(|file| landing.read(file).unwrap()).collect()
}

// Aim: batches that land at the same time share files, none is lost, and a restart reads the same and goes on counting.
#[tokio::test]
async fn concurrent_batches_are_committed_in_groups_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let landing = Landing::open(directory.path()).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for seq in 1..=300 {
        let landing = landing.clone();
        tasks.spawn(async move { landing.append(batch(seq)).await.unwrap() });
    }
    tasks.join_all().await;
    let mut landed = read_all(&landing);
    landed.sort_by_key(|batch| batch.seq);
    assert_eq!(landed, (1..=300).map(batch).collect::<Vec<_>>());
    let files = landing.files().unwrap();
    assert!(files.len() < 300, "{} files for 300 batches", files.len());
    assert_eq!(landing.bytes(), files.iter().map(|file| file.bytes).sum::<u64>());

    drop(landing);
    let again = Landing::open(directory.path()).unwrap();
    assert_eq!(again.files().unwrap(), files);
    again.append(batch(301)).await.unwrap();
    assert!(again.files().unwrap().last().unwrap().number > files.last().unwrap().number);
    again.remove(&again.files().unwrap()).unwrap();
    assert_eq!((again.bytes(), read_all(&again)), (0, Vec::new()));
}

// Aim: a file of which any byte is changed, or which is cut anywhere, is damaged, never read as something else.
#[tokio::test]
async fn any_damage_is_seen_and_the_file_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let landing = Landing::open(directory.path()).unwrap();
    landing.append(batch(1)).await.unwrap();
    let file = landing.files().unwrap().remove(0);
    let path = directory.path().join(format!("{:020}.landed", file.number));
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert_damaged(&landing, &file, &path, &changed);
        if at > 0 {
            assert_damaged(&landing, &file, &path, &whole[..at]);
        }
    }
    let aside = landing.set_aside(&file).unwrap();
    assert!(aside.exists() && landing.files().unwrap().is_empty());
    drop(landing);
    // Its number is not given again, so that a mended file can be put back.
    let again = Landing::open(directory.path()).unwrap();
    again.append(batch(2)).await.unwrap();
    assert_eq!(again.files().unwrap()[0].number, file.number + 1);
    assert!(aside.exists());
}

fn assert_damaged(landing: &Landing, file: &LandingFile, path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    assert!(matches!(landing.read(file), Err(LandingFault::Damaged { .. })), "{} bytes", bytes.len());
}

// Aim: if the disk refuses, the batch is not acknowledged, nothing half-written stays, and it can come again.
#[tokio::test]
async fn a_refused_commit_is_reported_and_can_be_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let landing = Landing::open(directory.path()).unwrap();
    // The next file's temporary name is taken by something that cannot be written.
    let blocker = directory.path().join(format!("{:020}.tmp", 1));
    fs::create_dir(&blocker).unwrap();
    let fault: Arc<LandingFault> = landing.append(batch(1)).await.unwrap_err();
    assert!(matches!(&*fault, LandingFault::File(_)), "{fault}");
    assert!(landing.files().unwrap().is_empty());
    landing.append(batch(1)).await.unwrap();
    assert_eq!(read_all(&landing), [batch(1)]);
}
