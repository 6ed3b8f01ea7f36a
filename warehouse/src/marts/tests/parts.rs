//! Blocks have the parts that they should, every fault in them is found, and nothing is left out unseen.

use super::*;

/// Aim: the methodology's example of a block's parts: each has ten votes, small countries join the largest, and hours are
/// told apart where both have enough.
#[test]
fn a_block_has_the_parts_of_the_example() {
    let house = House::new();
    let mut marts = house.marts();
    let day = Day(TODAY.0 - 10);
    let mut records = Vec::new();
    for (country, hour, count) in [("DE", 19, 12), ("DE", 9, 13), ("AT", 18, 4), ("AT", 9, 7), ("CH", 12, 3)] {
        for _ in 0..count {
            let number = u32::try_from(records.len()).unwrap();
            let mut fields: wire::RecordFields = vote(64_500, day, number).into();
            fields.country = wire::Country::parse(country).ok();
            fields.tested_hour = Hour(day.first_hour().0 + hour);
            records.push(Record::try_from(fields).unwrap());
        }
    }
    house.seal("provider", 1, day.first_hour(), records);
    marts.refresh(&house.lake, &rights(&[("provider", 64_500, Hour(0))])).unwrap();
    house.close(&mut marts, day);
    marts.check().unwrap();
    let parts = "SELECT country, hours, votes FROM block_parts ORDER BY ALL";
    let parts =
        marts.engine.query("test", parts, &[], |row| Ok((row.text("country")?, row.text("hours")?, row.u32("votes")?)));
    let part = |country: &str, hours: &str, votes| (country.to_owned(), hours.to_owned(), votes);
    let expected = [part("AT", "unsplit", 11), part("DE", "off_peak", 16), part("DE", "peak", 12)];
    assert_eq!(parts.unwrap(), expected);
}

/// Aim: other standard times tell other peak hours, so the blocks are made again; the same ones change nothing.
#[test]
fn other_standard_times_reopen_the_blocks() {
    let house = House::new();
    let day = Day(TODAY.0 - 10);
    let rights = rights(&[("provider", 64_500, Hour(0))]);
    let records = (0..30).map(|number| {
        let mut fields: wire::RecordFields = vote(64_500, day, number).into();
        fields.country = wire::Country::parse("DE").ok();
        fields.tested_hour = Hour(day.first_hour().0 + if number % 2 == 0 { 19 } else { 9 });
        Record::try_from(fields).unwrap()
    });
    house.seal("provider", 1, day.first_hour(), records.collect());
    let mut inputs = Inputs::built_in().unwrap();
    let mut close = |offset: Option<i16>| {
        inputs.offsets.extend(offset.map(|offset| (wire::Country::parse("DE").unwrap(), offset)));
        let config = EngineConfig { memory_mib: 64, threads: 1, ..EngineConfig::default() };
        let mut marts = Marts::open(&house.dir, &config, &inputs).unwrap();
        marts.refresh(&house.lake, &rights).unwrap();
        let reopened = house.close(&mut marts, day).reopened;
        (
            reopened,
            marts.total("SELECT count(*) AS total FROM waiting_parts").unwrap(),
            dump(&marts)["block_parts"].clone(),
        )
    };
    // 19 h UTC is evening in Germany, 9 h is not.
    let (first, waiting, parts) = close(None);
    assert!(!first && waiting == 0 && parts.len() == 2);
    assert_eq!(close(None), (false, 0, parts));
    let (again, waiting, parts) = close(Some(-120));
    assert!(again && waiting == 0 && parts.len() == 1);
}

/// Aim: a fault that is planted in any table of blocks is found before a cut is made of it.
#[test]
fn planted_faults_are_found() {
    let house = House::new();
    let mut marts = house.marts();
    let day = Day(TODAY.0 - 10);
    house.seal("provider", 1, day.first_hour(), votes(64_500, day, 30));
    house.seal("provider", 2, day.plus(1).first_hour(), votes(64_500, day.plus(1), 12));
    marts.refresh(&house.lake, &rights(&[("provider", 64_500, Hour(0))])).unwrap();
    house.close(&mut marts, day.plus(1));
    marts.check().unwrap();
    for fault in [
        "UPDATE blocks SET votes = 9, tests = 9 WHERE votes = 12",
        "UPDATE blocks SET tests = votes - 1",
        "UPDATE block_parts SET votes = votes + 1",
        "UPDATE block_parts SET tests = tests + 1",
        "UPDATE block_parts SET baseline_votes = 3",
        "UPDATE block_parts SET bidirectional_votes = 9",
        "DELETE FROM block_parts WHERE country = 'US'",
        "DELETE FROM block_bins WHERE quantity = 'working' AND bin = (SELECT min(bin) FROM block_bins)",
        "UPDATE block_grades SET votes = votes + 1 WHERE policy = 'dslreports'",
        "DELETE FROM block_grades WHERE policy = 'libreqos-2024-12'",
        "UPDATE block_agents SET votes = votes - 1",
        "UPDATE blocks SET last_day = last_day + 1",
    ] {
        let found: Result<(), MartsFault> = marts.engine.transaction(|| {
            marts.engine.run("planting", fault)?;
            let found = marts.check();
            assert!(matches!(found, Err(MartsFault::Check { .. })), "{fault}: {found:?}");
            found
        });
        assert!(found.is_err());
        marts.check().unwrap();
    }
}

/// Aim: what became of every result is seen by day and reason, and what an agent's batches brought by agent.
#[test]
fn what_is_left_out_is_seen() {
    let house = House::new();
    let mut marts = house.marts();
    let day = Day(TODAY.0 - 10);
    let mut unmeasured: wire::RecordFields = vote(64_500, day, 0).into();
    (unmeasured.upload_increase, unmeasured.vote_day, unmeasured.vote_month) = (None, false, false);
    let mut homeless: wire::RecordFields = vote(64_500, day, 1).into();
    (homeless.asn, homeless.asn_outcome) = (None, wire::AsnOutcome::Miss);
    let mut records = votes(64_500, day, 5);
    records.extend(votes(64_501, day, 3));
    records.extend([unmeasured, homeless].map(|fields| Record::try_from(fields).unwrap()));
    house.seal("provider", 1, day.first_hour(), records);
    // Late: it came on another day.
    house.seal("provider", 2, day.plus(4).first_hour(), votes(64_500, day, 2));
    house.seal("import-peer", 1, day.plus(4).first_hour(), votes(64_777, day, 4));
    let mut rights = rights(&[("provider", 64_500, Hour(0))]);
    marts.refresh(&house.lake, &rights).unwrap();
    let seen = |marts: &Marts| {
        let sql = "SELECT came_on, reason, tests FROM daily_exclusions ORDER BY ALL";
        let read =
            |row: &crate::engine::Row<'_>| Ok((row.day("came_on")?.0 - day.0, row.text("reason")?, row.u32("tests")?));
        marts.engine.query("test", sql, &[], read).unwrap()
    };
    let row = |days, reason: &str, tests| (days, reason.to_owned(), tests);
    let expected = [
        row(0, "counted", 5),
        row(0, "foreign_asn", 3),
        row(0, "no_asn", 1),
        row(0, "unmeasured", 1),
        row(4, "counted", 6),
    ];
    assert_eq!(seen(&marts), expected);
    rights.withdrawn.insert((AgentId::parse("provider").unwrap(), day));
    marts.refresh(&house.lake, &rights).unwrap();
    assert_eq!(seen(&marts), [row(0, "withdrawn", 10), row(4, "counted", 4), row(4, "withdrawn", 2)]);
    let held = "SELECT CAST(sum(count) AS BIGINT) AS total FROM accounts WHERE agent = 'provider' AND what = 'held'";
    assert_eq!(marts.total(held).unwrap(), 12);
}
