//! `upload --config FILE` runs the service; `upload --config FILE --check` only looks whether it could.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use component::host;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use upload::config::Config;
use upload::engine::{Door, Engine};
use upload::{http, xmpp};

/// Runs an HTTP upload service (XEP-0363) behind an XMPP server.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration, a TOML file; the README lists its fields.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Check the configuration and the policy, and stop.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    host::exit("upload", start(&Arguments::parse()))
}

fn start(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    if arguments.check {
        return Ok(());
    }
    host::log(&config.log)?;
    let (said, outgoing) = unbounded_channel();
    let engine = Engine::open(&config, said)?;
    let files = engine.files().clone();
    let (door, jobs) = Door::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let stop = host::asked_to_stop()?;
        let listener = TcpListener::bind(config.listen).await?;
        tracing::info!(listen = %config.listen, url = config.url, "serving HTTP");
        let router = http::router(door.clone(), files);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "HTTP ended");
            }
        });
        tokio::spawn(xmpp::run(config, door, outgoing));
        engine.run(jobs, stop).await?;
        Ok(())
    })
}
