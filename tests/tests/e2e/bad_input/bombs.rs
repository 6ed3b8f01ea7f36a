//! Small bodies that want to become large.

use std::io::{Read as _, Write as _};

use anyhow::Context as _;
use bufferlake_tests::http;

use super::super::stage::{Stage, now_unix_s, records};
use super::problem;

/// What a bomb decompresses to.
const BOMB_BYTES: usize = 512 << 20;

/// Most that the bombs may cost the warehouse.
const MAX_GROWTH_KIB: u64 = 48 << 10;

/// Clients that throw bombs at once, and how many each throws.
const CLIENTS: usize = 8;
const BOMBS_EACH: usize = 6;

/// Nothing but spaces in one zstd frame that says, or does not say, how long it is.
fn zstd_bomb(says_its_size: bool) -> anyhow::Result<Vec<u8>> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3)?;
    encoder.set_pledged_src_size(says_its_size.then_some(BOMB_BYTES as u64))?;
    encoder.include_contentsize(says_its_size)?;
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..BOMB_BYTES / chunk.len() {
        encoder.write_all(&chunk)?;
    }
    Ok(encoder.finish()?)
}

/// Gzip cannot shrink as much: a quarter of the size is what a body may carry.
fn gzip_bomb() -> anyhow::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..BOMB_BYTES / 4 / chunk.len() {
        encoder.write_all(&chunk)?;
    }
    Ok(encoder.finish()?)
}

/// Peak resident memory of a process in KiB.
fn peak_kib(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

// Aim: a few kilobytes that decompress to half a gigabyte are refused at the cost of what is allowed, however many come.
#[test]
fn a_decompression_bomb_costs_almost_nothing() -> anyhow::Result<()> {
    let mut stage = Stage::open("bombs")?;
    let bombs = [("zstd", zstd_bomb(true)?), ("zstd", zstd_bomb(false)?), ("gzip", gzip_bomb()?)];
    for (encoding, bomb) in &bombs {
        println!("{encoding}: {} bytes", bomb.len());
        assert!(*encoding == "gzip" || bomb.len() <= 64 << 10, "{} bytes are no small body", bomb.len());
    }
    let mut real = 0;
    let mut decoder = zstd::stream::Decoder::new(&bombs[1].1[..])?;
    let mut chunk = vec![0; 1 << 20];
    while let read @ 1.. = decoder.read(&mut chunk)? {
        real += read;
    }
    assert_eq!(real, BOMB_BYTES, "the bomb is none");

    stage.deliver(records(500)?)?;
    let process = stage.warehouse.program().id();
    let before = peak_kib(process)?;
    let address = stage.warehouse.address();
    let sender = &stage.sender;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for (encoding, bomb) in bombs.iter().cycle().take(BOMBS_EACH) {
                    let response =
                        http::fetch(address, &sender.request_of_bytes(bomb, encoding, now_unix_s())).unwrap();
                    assert_eq!((response.status, encoding), (413, encoding));
                    let problem = problem(encoding, &response);
                    let detail = problem["detail"].as_str().unwrap();
                    assert!(detail.contains("once decompressed"), "{detail}");
                }
            });
        }
    });
    let growth = peak_kib(process)? - before;
    println!("{} bombs made the warehouse's peak memory grow by {growth} KiB", CLIENTS * BOMBS_EACH);
    assert!(growth < MAX_GROWTH_KIB, "peak memory grew by {growth} KiB");
    assert_eq!(stage.deliver(records(500)?)?["accepted"], 500);
    stage.assert_sound()
}
