//! `component --config FILE` runs the rooms; `component --config FILE --check` only looks whether it could.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use component::config::Config;
use component::engine::{Engine, Taken};
use component::host::{self, clock};
use component::store::Store;
use xmpp_machines::gc3::Command;
use xmpp_machines::limits::Gc3Limits;
use xmpp_machines::service::Rooms;

/// Runs group chat rooms behind an XMPP server, as an external component (XEP-0114).
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration, a TOML file; the README lists its fields.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Check the configuration and stop.
    #[arg(long)]
    check: bool,
    /// The store is a copy from before the last run: let clients fetch anew what may have been lost.
    #[arg(long)]
    restored: bool,
}

fn main() -> ExitCode {
    host::exit("component", start(&Arguments::parse()))
}

fn start(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    if arguments.check {
        return Ok(());
    }
    host::log(&config.log)?;
    let store = Store::open(&config.store)?;
    let (fresh, present, push) = (config.service.clone(), config.service.clone(), config.push);
    let mut engine = Engine::open(
        store,
        config.checkpoints(),
        clock(),
        |seed| Rooms::new(fresh, Gc3Limits::default(), seed, push),
        |rooms: &mut Rooms| rooms.reconfigure(present, push),
    )?;
    if arguments.restored {
        engine.take(clock(), vec![Taken::command(Command::Restored)])?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        host::run(&config, engine, host::asked_to_stop()?).await?;
        Ok(())
    })
}
