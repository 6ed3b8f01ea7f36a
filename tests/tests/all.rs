//! All tests of the assembled system, in one program.

mod house;
