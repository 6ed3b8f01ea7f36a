//! The agent as it is installed: the real program, with a real warehouse behind it and faults between them.

mod commands;
mod results;
mod upload;
