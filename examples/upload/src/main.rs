//! `upload --config FILE` runs the service; `upload --config FILE --check` only looks whether it could.

use std::error::Error;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;
use tracing_subscriber::EnvFilter;
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
    match start(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("upload: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&arguments.config)?;
    if arguments.check {
        return Ok(());
    }
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&config.log)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    let (said, outgoing) = unbounded_channel();
    let engine = Engine::open(&config, said)?;
    let files = engine.files().clone();
    let (door, jobs) = Door::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let listener = TcpListener::bind(config.listen).await?;
        tracing::info!(listen = %config.listen, url = config.url, "serving HTTP");
        let router = http::router(door.clone(), files);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "HTTP ended");
            }
        });
        tokio::spawn(xmpp::run(config, door, outgoing));
        let stop = async move {
            tokio::select! {
                _ = interrupted.recv() => {}
                _ = terminated.recv() => {}
            }
        };
        engine.run(jobs, stop).await?;
        Ok(())
    })
}
