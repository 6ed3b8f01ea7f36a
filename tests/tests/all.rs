//! All tests of the assembled system, in one program.

mod agent;

mod house;
