//! Aim: whatever befalls the files of a killed agent, it starts again by itself, sends nothing twice, and needs no human. A
//! flipped bit in the write-ahead log costs nothing, or is counted.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;

use super::model::{Model, Op};
use super::warehouse::Fate;

const MAIN: &str = "agent.sqlite";
const LOG: &str = "agent.sqlite-wal";

#[derive(Debug, Clone)]
enum Harm {
    /// One bit is another.
    Flip(&'static str, Index),
    /// The file ends here.
    Cut(&'static str, Index),
    /// A page of zeros.
    Blank(&'static str, Index),
    /// The file is gone.
    Remove(&'static str),
}

impl Harm {
    fn befall(&self, directory: &Path) {
        let open = |name: &str| {
            let file = File::options().read(true).write(true).open(directory.join(name)).expect("the file");
            let length = usize::try_from(file.metadata().expect("a length").len()).expect("a small file");
            (file, length)
        };
        match self {
            Self::Flip(name, at) => {
                let (file, length) = open(name);
                if length > 0 {
                    let bit = at.index(length * 8);
                    let mut byte = [0];
                    file.read_exact_at(&mut byte, (bit / 8) as u64).expect("read");
                    file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], (bit / 8) as u64).expect("written");
                }
            }
            Self::Cut(name, at) => {
                let (file, length) = open(name);
                file.set_len(at.index(length + 1) as u64).expect("cut");
            }
            Self::Blank(name, at) => {
                let (file, length) = open(name);
                if length > 0 {
                    let page = at.index(length) / 4_096 * 4_096;
                    file.write_all_at(&vec![0; 4_096.min(length - page)], page as u64).expect("written");
                }
            }
            Self::Remove(name) => std::fs::remove_file(directory.join(name)).expect("removed"),
        }
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    let file = || prop_oneof![3 => Just(MAIN), 1 => Just(LOG)];
    prop_oneof![
        6 => (file(), any::<Index>()).prop_map(|(file, at)| Harm::Flip(file, at)),
        2 => (file(), any::<Index>()).prop_map(|(file, at)| Harm::Cut(file, at)),
        2 => (file(), any::<Index>()).prop_map(|(file, at)| Harm::Blank(file, at)),
        1 => file().prop_map(Harm::Remove),
    ]
}

fn before() -> impl Strategy<Value = Vec<Op>> {
    let fate = prop_oneof![4 => Just(Fate::Answered), 2 => Just(Fate::AnswerLost), 1 => Just(Fate::RequestLost)];
    let op = prop_oneof![
        6 => (1_u32..40).prop_map(Op::Take),
        6 => (fate, 1_usize..4).prop_map(|(fate, times)| Op::Upload(fate, times)),
        3 => (1_i64..400).prop_map(Op::Pass),
        1 => Just(Op::Restart),
    ];
    prop::collection::vec(op, 1..30)
}

fn cases() -> u32 {
    if std::env::var("BUFFERLAKE_TRIALS").is_ok_and(|wish| wish == "all") { 3_000 } else { 128 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn damage_doubles_nothing_and_needs_no_human(
        rounds in prop::collection::vec((before(), harm()), 1..4),
        after in before(),
    ) {
        let mut model = Model::new();
        for (ops, harm) in rounds {
            for op in ops {
                model.run(op);
            }
            model.harm(|directory| harm.befall(directory));
        }
        for op in after {
            model.run(op);
        }
        model.drain();
        model.check_arrivals();
    }

    #[test]
    fn a_flipped_bit_in_the_log_costs_nothing(ops in before(), at in any::<Index>(), after in before()) {
        let mut model = Model::new();
        for op in ops {
            model.run(op);
        }
        model.harm(|directory| Harm::Flip(LOG, at).befall(directory));
        for op in after {
            model.run(op);
        }
        model.drain();
        model.check_arrivals();
        // A bit that cannot be told from others may have cost transactions; their number is known, and not their results.
        if !model.lost_some() {
            model.check_accounts();
        }
    }
}

#[test]
fn what_a_damaged_batch_reported_as_dropped_is_reported_all_the_same() {
    let mut model = Model::new();
    // More than the outbox may hold: the next batch reports what was let go.
    model.run(Op::Take(200));
    model.run(Op::Pass(400));
    let harmed = model.job(|connection| {
        let harm = "UPDATE batches SET body = zeroblob(length(body)) WHERE settled_s IS NULL AND dropped > 0";
        Ok(connection.execute(harm, [])?)
    });
    assert!(harmed > 0, "no batch reports anything");
    model.drain();
    model.check_accounts();
}
