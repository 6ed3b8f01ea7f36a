//! All tests of the assembled system, in one program.

mod agent;

mod browser;

mod e2e;

mod house;

mod notebooks;

mod pages;

mod public;

mod release;

mod statistics;
