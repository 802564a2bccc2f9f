//! What the command line offers, and how it ends: status 0 if all is well, 1 if something failed, 2 if it could not
//! be tried.

mod files;
mod foreign;
mod play;
mod retention;
mod rules;
mod vectors;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

/// State machines for XMPP: play a conversation, run the conformance vectors, look up the rules.
///
/// Without a command it plays a conversation and shows for each action the rule that decided it.
#[derive(Parser)]
#[command(version, after_help = "Exit status: 0 all is well, 1 something failed, 2 it could not be tried.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Play a scenario or a vector and print what is said, each action with its rule
    ///
    /// A scenario is an XML file with the steps of a vector (see spec-vectors/README.md) in a root element
    /// <scenario xmlns='xmpp-machines:vectors:0'>; what is expected in it only binds names. A vector is played up to
    /// its end or its first failure.
    Play {
        /// The scenario or vector
        file: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Instead of the conversation, print the whole path of each stanza with this id: for everybody what they get,
        /// or why not
        #[arg(long, value_name = "ID")]
        explain: Option<String>,
    },
    /// Run conformance vectors on this implementation, or on any other
    ///
    /// Prints each failure as the difference between what was expected (-) and what was got (+), then a table by topic,
    /// then one line: N passed, M failed.
    Vectors(vectors::Args),
    /// Tell one rule: what it says, where it is written, where it is decided, which vectors show it
    Rule {
        /// Its id, as printed beside an action: gc3.J4
        id: String,
        /// Where the vectors are
        #[arg(default_value = files::DEFAULT, value_name = "PATH")]
        vectors: PathBuf,
    },
    /// Look into the policy of an upload service
    #[command(subcommand)]
    Retention(Retention),
    /// List the rules: id, number of vectors, where it is written, what it says
    ///
    /// Exit status 1 if a rule has no vector.
    Rules {
        /// Only the rules of this topic
        #[arg(long, value_name = "TOPIC")]
        topic: Option<String>,
        /// Instead of the list, print the decision table of this topic, made by asking its machine for every cell
        #[arg(long, value_name = "TOPIC")]
        table: Option<String>,
        /// Where the vectors are
        #[arg(default_value = files::DEFAULT, value_name = "PATH")]
        vectors: PathBuf,
    },
}

#[derive(Subcommand)]
enum Retention {
    /// Print the life of each file of a history under a policy, each decision with its rule
    ///
    /// The policy is a TOML file. The history has a line for each event: when, what, of which file. Both formats, with
    /// an example, stand in examples/retention/README.md.
    Explain {
        /// The policy
        policy: PathBuf,
        /// The history
        events: PathBuf,
        /// Draw buckets, deadlines and evictions into this file
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
}

/// How a played conversation is printed.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One line for each input and each action
    Text,
    /// A sequence chart as text, for Mermaid
    Mermaid,
    /// A sequence chart as a picture
    Svg,
}

/// Why a command cannot go on.
enum Trouble {
    /// What was asked for cannot be tried; one line.
    Bad(String),
    /// Nobody reads any more, or nothing can be written.
    Output(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Whether all was well.
type Ended = Result<bool, Trouble>;

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let ended = run(cli, &mut out).and_then(|well| {
        out.flush()?;
        Ok(well)
    });
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        // Who reads only the beginning has seen what they wanted.
        Err(Trouble::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Trouble::Output(error)) => complain(&format!("cannot write: {error}")),
        Err(Trouble::Bad(what)) => {
            // What was printed before the trouble belongs to it; if it cannot be written, the trouble still can.
            let _ = out.flush();
            complain(&what)
        }
    }
}

fn complain(what: &str) -> ExitCode {
    // There is nowhere to complain about a complaint.
    let _ = writeln!(io::stderr(), "xmpp-machines: {what}");
    ExitCode::from(2)
}

fn run(cli: Cli, out: &mut dyn Write) -> Ended {
    match cli.command {
        None => {
            let well = play::showcase(out)?;
            writeln!(out, "\n{}", Cli::command().render_help())?;
            Ok(well)
        }
        Some(Command::Play { file, format, explain: None }) => play::file(&file, format, out),
        Some(Command::Play { file, explain: Some(id), .. }) => play::explain(&file, &id, out),
        Some(Command::Vectors(args)) => vectors::run(&args, out),
        Some(Command::Retention(Retention::Explain { policy, events, svg })) => {
            retention::explain(&policy, &events, svg.as_ref(), out)
        }
        Some(Command::Rule { id, vectors }) => rules::one(&id, &vectors, out),
        Some(Command::Rules { table: Some(topic), .. }) => rules::table(&topic, out),
        Some(Command::Rules { topic, vectors, table: None }) => rules::run(topic.as_deref(), &vectors, out),
    }
}
