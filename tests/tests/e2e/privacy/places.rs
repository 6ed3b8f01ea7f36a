//! Where an address could be, and a planted one in each such place.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bufferlake_tests::canary::{Canary, unpacked};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Bytes with the name of where they were found.
pub(super) struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((name.into(), bytes.into()));
    }

    /// Adds every file below a directory, and the names of all of them.
    pub(super) fn add_directory(&mut self, directory: &Path) -> anyhow::Result<()> {
        for path in files_below(directory)? {
            let name = path.display().to_string();
            self.add(format!("the name {name}"), name.clone());
            self.add(name, fs::read(&path)?);
        }
        Ok(())
    }

    /// How many places, how many bytes, and how many more were compressed.
    pub(super) fn describe(&self) -> anyhow::Result<String> {
        let (mut raw, mut packed) = (0, 0);
        for (_, bytes) in &self.0 {
            raw += bytes.len();
            packed += unpacked(bytes)?.iter().map(Vec::len).sum::<usize>();
        }
        Ok(format!("{} places, {raw} bytes, and {packed} that were compressed", self.0.len()))
    }

    /// Fails if an address is in any place.
    pub(super) fn require_clean(&self, canary: &Canary) -> anyhow::Result<()> {
        let mut found = Vec::new();
        for (name, bytes) in &self.0 {
            found.extend(canary.find_deep(bytes)?.into_iter().map(|spelling| format!("{name}: {spelling}")));
        }
        ensure!(found.is_empty(), "an address got out:\n  {}", found.join("\n  "));
        Ok(())
    }

    /// Plants the address in the middle of each place in turn, and fails if the search does not see it there.
    pub(super) fn require_alert(&self, canary: &Canary, planted: IpAddr) -> anyhow::Result<()> {
        for (name, bytes) in self.0.iter().filter(|(_, bytes)| !bytes.starts_with(b"PAR1")) {
            let mut bytes = bytes.clone();
            let middle = bytes.len() / 2;
            bytes.splice(middle..middle, planted.to_string().into_bytes());
            ensure!(!canary.find_deep(&bytes)?.is_empty(), "{planted} was planted in {name} and not found");
        }
        Ok(())
    }
}

fn files_below(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).with_context(|| format!("listing {}", next.display()))? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => waiting.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                // A socket holds no bytes.
                _ => {}
            }
        }
    }
    Ok(files)
}

/// A Parquet file as the lake writes them, with an address in one of many texts. Fails if the address can be seen without
/// decompression: then the file would prove nothing.
pub(super) fn parquet_with(canary: &Canary, planted: IpAddr) -> anyhow::Result<Vec<u8>> {
    let schema = Arc::new(parse_message_type("message planted { required binary note (UTF8); }")?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .build();
    let texts: Vec<ByteArray> = (0..5_000)
        .map(|index: u32| match index {
            2_500 => ByteArray::from(planted.to_string().as_str()),
            _ => ByteArray::from(format!("{:x}:{}", index.wrapping_mul(2_654_435_761), index * 7_919).as_str()),
        })
        .collect();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let mut column = group.next_column()?.context("no column")?;
    column.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
    column.close()?;
    group.close()?;
    writer.close()?;
    ensure!(canary.find(&file).is_empty(), "the planted address is not compressed");
    Ok(file)
}
