//! The stage on which pages are tested.

use bufferlake_tests::browser::drive;

// Aim: what the stage is to find in pages is found when it is there: a planted request, dialogue, error, and barriers.
#[test]
fn a_planted_offence_is_found() -> anyhow::Result<()> {
    drive("planted.mjs", &serde_json::json!({}))
}
