//! The command line.
#![doc(hidden)]
fn main() {}
