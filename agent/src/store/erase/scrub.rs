//! What `secure_delete` leaves behind.
//!
//! SQLite overwrites a row where it is deleted. But when it balances a tree, rows move to other pages, and copies stay in the
//! unallocated middle of the pages from which they moved; no later deletion finds those. Such copies hold addresses. So the
//! middle of every page is overwritten here, by `sqlite_dbpage`, inside a transaction like any other.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::StoreFault;

/// Below so many pages (64 GiB) the first byte of a page tells whether it belongs to a tree: on all others a page number
/// begins there.
const MAX_PAGES: u32 = 1 << 24;

/// Length of the header of the file, before the header of page 1.
const FILE_HEADER_BYTES: usize = 100;

/// Pages that have something in their middle.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) dirty: Vec<u32>,
    /// Where the next look begins; none after the last page.
    pub(super) next: Option<u32>,
}

/// Looks at `count` pages from `first` on.
pub(super) fn dirty(connection: &Connection, first: u32, count: u32) -> Result<Look, StoreFault> {
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let end = first.saturating_add(count).min(pages.min(MAX_PAGES - 1).saturating_add(1));
    let mut statement = connection.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let mut dirty = Vec::new();
    for number in first..end {
        let found = statement
            .query_row([number], |row| {
                let page = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                Ok(middle(page, number).is_some_and(|middle| page[middle].iter().any(|byte| *byte != 0)))
            })
            .optional()?;
        if found == Some(true) {
            dirty.push(number);
        }
    }
    let next = (first < end && end <= pages.min(MAX_PAGES - 1)).then_some(end);
    Ok(Look { dirty, next })
}

/// Overwrites the middle of these pages with zeros, as they are now.
pub(super) fn clean(connection: &Connection, numbers: &[u32]) -> Result<(), StoreFault> {
    let mut read = connection.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let mut write = connection.prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?;
    for number in numbers {
        let Some(mut page) = read.query_row([number], |row| row.get::<_, Vec<u8>>(0)).optional()? else { continue };
        let Some(middle) = middle(&page, *number) else { continue };
        page[middle].fill(0);
        write.execute(params![number, page])?;
    }
    Ok(())
}

/// The bytes between a tree page's list of cells and its first cell, which hold nothing (SQLite's file format, section
/// 1.6). None if the page belongs to no tree, or its header is damaged.
fn middle(page: &[u8], number: u32) -> Option<Range<usize>> {
    let start = if number == 1 { FILE_HEADER_BYTES } else { 0 };
    let header = page.get(start..start + 12)?;
    let header_bytes = match header[0] {
        // Inner pages of an index and of a table, then leaves.
        2 | 5 => 12,
        10 | 13 => 8,
        _ => return None,
    };
    let word = |at: usize| usize::from(u16::from_be_bytes([header[at], header[at + 1]]));
    let list_end = start + header_bytes + 2 * word(3);
    let content = match word(5) {
        0 => 1 << 16,
        offset => offset,
    };
    (list_end <= content && content <= page.len()).then_some(list_end..content)
}

#[cfg(test)]
mod tests {
    //! Aim: whatever a damaged page says of itself, only bytes behind the list of its cells are ever overwritten.

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_damaged_page_is_left_alone_or_hurt_nowhere(
            header in prop::collection::vec(any::<u8>(), 12),
            kind in prop::sample::select(vec![0_u8, 2, 5, 10, 13, 77]),
            bytes in prop::sample::select(vec![0_usize, 11, 99, 512, 4_096, 65_536]),
            number in 1_u32..3,
        ) {
            let start = if number == 1 { FILE_HEADER_BYTES } else { 0 };
            let mut page = vec![1; bytes];
            if let Some(place) = page.get_mut(start..start + 12) {
                place.copy_from_slice(&header);
                place[0] = kind;
            }
            if let Some(middle) = middle(&page, number) {
                prop_assert!([2, 5, 10, 13].contains(&kind));
                prop_assert!(start + 8 <= middle.start && middle.start <= middle.end && middle.end <= page.len());
                let cells = usize::from(u16::from_be_bytes([header[3], header[4]]));
                prop_assert!(middle.start >= start + 8 + 2 * cells);
            }
        }
    }
}
