//! The warehouse's program.

fn main() {}
