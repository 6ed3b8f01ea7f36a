//! Aim: the history's cap holds, with the agent's own results and the newest of the old system under it.

use super::*;

#[test]
fn the_newest_have_the_places_that_are_left() {
    let mut stage = Stage::new();
    (1..=30).for_each(|number| stage.own_result(number));
    stage.old_results(0..200);
    let (plan, _) = stage.import(100);
    assert_eq!((plan.own_results, plan.to_take, plan.beyond_cap), (30, 70, 130));
    let kept = |stage: &Stage| -> Vec<i64> {
        let imported = stage.history().into_iter().filter(|result| result.local_id < 0);
        imported.map(|result| (result.received_ms / 1_000 - NOON_S) / 60).collect()
    };
    assert_eq!(kept(&stage), (130..200).rev().collect::<Vec<_>>());
    assert_eq!(stage.history().len(), 100);

    // Newer ones of the old system push out older ones of it, and nothing of this agent.
    stage.old_results(200..240);
    let (plan, _) = stage.import(100);
    assert_eq!((plan.to_take, plan.to_evict), (40, 40));
    assert_eq!(kept(&stage), (170..240).rev().collect::<Vec<_>>());

    // With a higher cap those that had no place come, and those that gave theirs do not: they are done.
    let (plan, _) = stage.import(1_000);
    assert_eq!((plan.to_take, plan.done_before), (130, 110));

    // The agent's own cap lets the oldest of the old system go first.
    let oldest = "DELETE FROM history WHERE local_id IN (SELECT local_id FROM history ORDER BY local_id LIMIT 135)";
    stage.connection.execute(oldest, []).expect("evicted");
    assert_eq!(kept(&stage).last(), Some(&175));
    (31..=200).for_each(|number| stage.own_result(number));
    let (plan, _) = stage.import(100);
    assert_eq!((plan.to_take, plan.own_results), (0, 200), "no place is left");
    assert_eq!(kept(&stage), [0_i64; 0]);
}

// Aim: many results of one moment at the edge of the cap do not burst it.
#[test]
fn results_of_one_moment_hold_the_cap() {
    let mut stage = Stage::new();
    for row in 0..50 {
        let sql = "INSERT INTO test_results (timestamp, client_ip) VALUES ('2026-11-20T12:00:00', ?1)";
        stage.old.execute(sql, [format!("203.0.113.{row}")]).expect("a row");
    }
    let (plan, _) = stage.import(20);
    assert!(stage.history().len() <= 20 && plan.beyond_cap >= 30, "{plan:?}");
}
