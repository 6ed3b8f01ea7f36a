//! The binary tree over the 128 bits of an address.

/// Zero bytes between tree and data, by the format.
pub(super) const SEPARATOR_BYTES: usize = 16;

/// Offset of an entry in the data section.
pub(super) type Leaf = u32;

/// Where a branch leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    Nowhere,
    Node(u32),
    Leaf(Leaf),
}

/// The tree; node 0 is its root.
pub(super) struct Tree {
    nodes: Vec<[Branch; 2]>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: vec![[Branch::Nowhere; 2]] }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Inserts a range of addresses as the prefixes that it consists of. Ranges must not overlap.
    pub(super) fn insert(&mut self, first: u128, last: u128, leaf: Leaf) {
        let mut next = first;
        loop {
            // The largest prefix that begins here and does not reach past the end.
            let mut free_bits = next.trailing_zeros();
            while free_bits > 0 && (free_bits == 128 || last - next < (1 << free_bits) - 1) {
                free_bits -= 1;
            }
            self.insert_prefix(next, 128 - free_bits, leaf);
            match next.checked_add(1 << free_bits) {
                Some(after) if after <= last => next = after,
                _ => return,
            }
        }
    }

    fn insert_prefix(&mut self, address: u128, length: u32, leaf: Leaf) {
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(address >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][side] = Branch::Leaf(leaf);
                return;
            }
            node = match self.nodes[node][side] {
                Branch::Node(next) => next as usize,
                // A leaf above would be an overlap, which the CSV reader refuses.
                Branch::Nowhere | Branch::Leaf(_) => {
                    let next = self.nodes.len();
                    self.nodes.push([Branch::Nowhere; 2]);
                    #[expect(clippy::cast_possible_truncation, reason = "encode refuses trees of 2^32 nodes")]
                    let branch = Branch::Node(next as u32);
                    self.nodes[node][side] = branch;
                    next
                }
            };
        }
    }

    /// The bytes of the tree and the bits of a record; `None` if records of 32 bits are too short.
    pub(super) fn encode(&self, data_bytes: usize) -> Option<(Vec<u8>, u16)> {
        let nodes = u32::try_from(self.nodes.len()).ok()?;
        let largest = u32::try_from(self.nodes.len() + SEPARATOR_BYTES + data_bytes).ok()?;
        let record_bytes = if largest < 1 << 24 { 3 } else { 4 };
        let mut bytes = Vec::with_capacity(self.nodes.len() * 2 * record_bytes);
        for branch in self.nodes.iter().flatten() {
            let record = match branch {
                Branch::Nowhere => nodes,
                Branch::Node(node) => *node,
                Branch::Leaf(leaf) => nodes + 16 + leaf,
            };
            bytes.extend(&record.to_be_bytes()[4 - record_bytes..]);
        }
        Some((bytes, if record_bytes == 3 { 24 } else { 32 }))
    }
}
