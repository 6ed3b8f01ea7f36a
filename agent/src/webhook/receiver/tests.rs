//! Aim: one slow answer holds up no other delivery, and a receiver that fails is left in peace and then asked by one
//! delivery at a time.

use super::super::verdict::Silence;
use super::*;

const OK: Answer = Answer::Status(204, None);
const REFUSED: Answer = Answer::Status(404, None);
const LATE: Answer = Answer::Silence(Silence::Late);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_receiver_that_fails_is_asked_by_one_delivery_at_a_time() {
    let begin = Instant::now();
    let mut receiver = Receiver::default();
    assert_eq!((receiver.room(0, begin), receiver.room(5, begin)), (MAX_IN_FLIGHT, MAX_IN_FLIGHT - 5));
    receiver.note(REFUSED, begin, begin, 1.0);
    assert_eq!(receiver.room(0, begin), MAX_IN_FLIGHT, "one delivery that is refused says nothing of the others");

    // All that are on their way fail together: one failure, one pause.
    for _ in 0..MAX_IN_FLIGHT {
        receiver.note(LATE, begin, begin + seconds(10), 1.0);
    }
    assert_eq!(receiver.pause(begin + seconds(10)), PAUSES.base);
    assert_eq!(receiver.room(0, begin + seconds(10)), 0);
    let mut now = begin + seconds(11);
    let mut pauses = Vec::new();
    for _ in 0..10 {
        assert_eq!((receiver.room(0, now), receiver.room(1, now)), (1, 0));
        receiver.note(LATE, now, now + seconds(10), 1.0);
        pauses.push(receiver.pause(now + seconds(10)));
        now += seconds(10) + receiver.pause(now + seconds(10));
    }
    assert_eq!(pauses[0], PAUSES.base * 2);
    assert!(pauses.is_sorted() && pauses[9] == PAUSES.max, "{pauses:?}");
    receiver.note(OK, now, now + seconds(1), 1.0);
    assert_eq!(receiver.room(0, now + seconds(1)), MAX_IN_FLIGHT);
}

#[test]
fn a_pause_that_was_asked_for_is_kept() {
    let begin = Instant::now();
    let mut receiver = Receiver::default();
    receiver.note(Answer::Status(429, Some(30)), begin, begin + seconds(1), 0.0);
    // What was sent before arrives all the same.
    receiver.note(OK, begin, begin + seconds(2), 0.0);
    assert_eq!(receiver.pause(begin + seconds(2)), seconds(29));
    assert_eq!((receiver.room(0, begin + seconds(30)), receiver.room(0, begin + seconds(31))), (0, 1));
    // A later answer of the same kind does not shorten it.
    receiver.note(Answer::Status(429, Some(5)), begin, begin + seconds(3), 0.0);
    assert_eq!(receiver.pause(begin + seconds(3)), seconds(28));
    receiver.note(Answer::Status(503, Some(1 << 40)), begin, begin + seconds(3), 0.0);
    assert_eq!(receiver.pause(begin + seconds(3)), PAUSES.max_asked);
}

#[test]
fn a_receiver_that_is_gone_is_asked_once_an_hour() {
    let begin = Instant::now();
    let mut receiver = Receiver::default();
    receiver.note(Answer::Status(410, None), begin, begin, 0.5);
    assert!(receiver.is_gone());
    assert_eq!(receiver.pause(begin), GONE_PAUSE);
    let later = begin + GONE_PAUSE;
    assert_eq!((receiver.room(0, later), receiver.room(1, later)), (1, 0));
    receiver.note(OK, later, later, 0.5);
    assert!(!receiver.is_gone());
    assert_eq!(receiver.room(0, later), MAX_IN_FLIGHT);
}
