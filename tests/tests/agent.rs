//! The agent as it is installed: the real program, with a real warehouse behind it and faults between them.

mod black_hole;
mod commands;
mod configuration;
mod damage;
mod door;
mod restore;
mod results;
mod running;
mod support;
mod support_page;
mod upload;
mod webhook;
