//! Aim: whatever happens in whatever order, every result that was acknowledged is in the warehouse once, or still here, or
//! counted as dropped, or was erased with its client. Random operations run against the real writer and a warehouse made of a `Vec`.

mod damage;
mod deliveries;
mod model;
mod warehouse;

use proptest::prelude::*;

use self::model::{Model, Op};

fn op() -> impl Strategy<Value = Op> {
    use self::warehouse::Fate;
    let fate = prop_oneof![
        6 => Just(Fate::Answered),
        2 => Just(Fate::AnswerLost),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::RefusedForGood),
    ];
    prop_oneof![
        6 => (1_u32..40).prop_map(Op::Take),
        2 => any::<prop::sample::Index>().prop_map(Op::Repeat),
        8 => (fate, 1_usize..6).prop_map(|(fate, times)| Op::Upload(fate, times)),
        4 => (1_i64..400).prop_map(Op::Pass),
        1 => (3_600_i64..130_000).prop_map(Op::Pass),
        2 => Just(Op::Restart),
        1 => (1_u32..30).prop_map(Op::TakeOnFullDisk),
        1 => (1_usize..6).prop_map(Op::WarehouseForgets),
        1 => Just(Op::NewEpoch),
        1 => Just(Op::SendAgain),
        2 => any::<prop::sample::Index>().prop_map(Op::Erase),
    ]
}

/// Few sequences, or many if all trials are asked for.
fn cases() -> u32 {
    if std::env::var("BUFFERLAKE_TRIALS").is_ok_and(|wish| wish == "all") { 1_000 } else { 96 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn no_result_is_lost_or_doubled(ops in prop::collection::vec(op(), 1..80)) {
        let mut model = Model::new();
        for op in ops {
            model.run(op);
        }
        model.drain();
        model.check_accounts();
    }
}

// Aim: the model can fail: it sees a record that goes in twice, and one that vanishes.
#[test]
fn a_planted_fault_is_seen() {
    for plant in [
        "INSERT INTO outbox SELECT local_id + 1000000, tested_hour, record, NULL FROM outbox LIMIT 1",
        "DELETE FROM outbox WHERE local_id = (SELECT min(local_id) FROM outbox)",
    ] {
        let mut model = Model::new();
        model.run(Op::Take(7));
        model.plant(plant);
        model.drain();
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.check_accounts()));
        assert!(seen.is_err(), "not seen: {plant}");
    }
}
