//! The command line: plays conversations, runs vectors, lists rules.
#![doc(hidden)]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
