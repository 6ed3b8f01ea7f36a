//! What compression hides: an address in a compressed body or page has none of its spellings.

use std::io::Read;

use anyhow::Context as _;
use axum::body::Bytes;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

/// How compressed streams begin.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// How a Parquet file begins and ends.
const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Most bytes of one stream: far more than any body of ours.
const MAX_STREAM_BYTES: u64 = 64 << 20;

/// Everything that lies compressed in these bytes: streams of zstd and gzip wherever they begin, and, of a Parquet file,
/// every page, and every row as text (values may be packed into bits).
///
/// # Errors
/// If the bytes are a Parquet file that cannot be read.
pub fn unpacked(bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    if bytes.starts_with(PARQUET_MAGIC) && bytes.ends_with(PARQUET_MAGIC) {
        return pages_and_rows(bytes).context("reading a Parquet file");
    }
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        let stream = if rest.starts_with(&ZSTD_MAGIC) {
            zstd::stream::Decoder::with_buffer(rest).ok().map(|decoder| read_what_comes(decoder.single_frame()))
        } else if rest.starts_with(&GZIP_MAGIC) {
            Some(read_what_comes(flate2::bufread::GzDecoder::new(rest)))
        } else {
            None
        };
        found.extend(stream.filter(|content| !content.is_empty()));
    }
    Ok(found)
}

/// A stream that was cut off still shows what came before.
fn read_what_comes(stream: impl Read) -> Vec<u8> {
    let mut content = Vec::new();
    let _ = stream.take(MAX_STREAM_BYTES).read_to_end(&mut content);
    content
}

fn pages_and_rows(bytes: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes))?;
    let mut found = Vec::new();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        for column in 0..group.num_columns() {
            for page in group.get_column_page_reader(column)? {
                found.push(page?.buffer().to_vec());
            }
        }
    }
    let mut rows = String::new();
    for row in reader.get_row_iter(None)? {
        rows.push_str(&row?.to_string());
        rows.push('\n');
    }
    found.push(rows.into_bytes());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Aim: streams are found amid other bytes, also one that was cut off.
    #[test]
    fn streams_are_found_wherever_they_begin() {
        let text = b"a long enough text, a long enough text, a long enough text".to_vec();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstd = zstd::bulk::compress(&text, 3).unwrap();
        let bytes =
            [b"POST / HTTP/1.1\r\n\r\n".as_slice(), &zstd, b"POST", &gzip, b"POST", &gzip[..gzip.len() - 9]].concat();
        let found = unpacked(&bytes).unwrap();
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!((&found[0], &found[1]), (&text, &text));
        assert!(found[2].starts_with(b"a long enough text"));
        assert!(unpacked(b"PAR1 is no Parquet file PAR1").is_err());
    }
}
