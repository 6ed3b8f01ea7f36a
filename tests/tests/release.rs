//! Releases: what researchers download, and what they can find out about it without trusting us.

mod verify;
