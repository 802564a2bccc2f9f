//! The loop: connects, and as long as the connection lasts hands what comes to the engine and writes what it says.
//!
//! Without a connection the machine sleeps: it hears nothing, and could say nothing to anybody.

use std::future::pending;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use jid::BareJid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, error, info, warn};
use tracing_subscriber::EnvFilter;
use xmpp_machines::Time;
use xmpp_machines::codec::{Condition, Header, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use xmpp_machines::gc3::Command;

use crate::config::Config;
use crate::engine::{Engine, Rooms, Taken};
use crate::link::{Came, Link, LinkError};
use crate::queue::Queue;
use crate::store::StoreError;

/// After this much silence the server is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(60);
/// It has this long to say anything, and to take anything.
const DEAD: Duration = Duration::from_secs(30);
/// Nothing is read while more than this waits to be written.
const FULL: usize = 16 << 20;
/// How long after the last output it is noted as sent.
const NOTE: Duration = Duration::from_millis(100);
/// The longest wait between two attempts to connect.
const BACK_OFF: Duration = Duration::from_secs(60);
/// A connection that lasted this long starts the waits from the beginning.
const GOOD: Duration = Duration::from_secs(30);

/// The `id` of our own pings. They go to our own domain, through the server and back.
const PING: &str = "xmpp-machines-keep-alive";

/// The time, as machines count it.
#[must_use]
pub fn clock() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Writes log lines to the standard error, those that `filter` lets through.
///
/// # Errors
/// It is no filter.
pub fn log(filter: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    Ok(())
}

/// Ready when somebody asks the program to stop: SIGINT or SIGTERM.
///
/// # Errors
/// The system does not let it listen.
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

/// The end of `main`: what went wrong, for whoever started it.
pub fn exit(program: &str, done: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why a connection ended.
enum End {
    Lost(LinkError),
    Dead,
    Stop,
}

/// Serves until `stop` is ready, through any number of connections, and leaves a snapshot.
///
/// # Errors
/// The store fails.
pub async fn run<M: Rooms>(
    config: &Config,
    mut engine: Engine<M>,
    stop: impl Future<Output = ()>,
) -> Result<(), StoreError> {
    tokio::pin!(stop);
    let mut wait = Duration::ZERO;
    loop {
        let open = Link::open(&config.server, config.domain.as_str(), &config.secret);
        let link = tokio::select! {
            link = open => link,
            () = &mut stop => break,
        };
        match link {
            Ok(link) => {
                info!(server = config.server, domain = %config.domain, "connected");
                let since = Instant::now();
                let end = serve(config, &mut engine, link, &mut stop).await;
                engine.queue().rewind();
                match end? {
                    End::Stop => break,
                    End::Lost(why) => warn!("{why}"),
                    End::Dead => warn!("the server has said nothing for {:?}", QUIET + DEAD),
                }
                if since.elapsed() >= GOOD {
                    wait = Duration::ZERO;
                }
            }
            Err(why) => error!("{why}"),
        }
        wait = back_off(wait);
        info!("connecting again in {:.1} s", wait.as_secs_f32());
        tokio::select! {
            () = sleep(wait) => {}
            () = &mut stop => break,
        }
    }
    engine.checkpoint(clock())?;
    info!("stopped; everything is saved");
    Ok(())
}

async fn serve<M: Rooms>(
    config: &Config,
    engine: &mut Engine<M>,
    link: Link,
    stop: &mut (impl Future<Output = ()> + Unpin),
) -> Result<End, StoreError> {
    let Link { mut read, mut write } = link;
    let mut came = Vec::new();
    let mut heard = Instant::now();
    let mut written = Instant::now();
    let mut pinged = false;
    loop {
        let now = clock();
        let due = engine.deadline();
        if due.is_some_and(|due| due <= now) {
            engine.take(now, vec![Taken::wake()])?;
            continue;
        }
        let wake = due.map(|due| Instant::now() + Duration::from_millis(due.since(now).millis()).min(QUIET));
        let (full, idle) = (engine.queue().bytes() > FULL, engine.queue().is_empty());
        if idle {
            written = Instant::now();
        }
        let note = (idle && engine.unnoted()).then(|| written + NOTE);
        let silent = heard + if pinged { QUIET + DEAD } else { QUIET };
        tokio::select! {
            done = write.some(engine.queue()), if !idle => {
                if let Err(why) = done {
                    return Ok(End::Lost(why));
                }
                written = Instant::now();
            }
            end = read.stanzas(&mut came), if !full => {
                heard = Instant::now();
                pinged = false;
                let batch = sort(&mut came, &config.domain, engine.queue());
                if !batch.is_empty() {
                    engine.take(clock(), batch)?;
                }
                if let Err(why) = end {
                    return Ok(End::Lost(why));
                }
            }
            () = at(wake) => {}
            () = at(note) => engine.note_sent()?,
            () = at((!idle).then(|| written + DEAD)) => return Ok(End::Dead),
            () = at((!full).then_some(silent)) => {
                if pinged {
                    return Ok(End::Dead);
                }
                pinged = true;
                let (head, tail) = ping(&config.domain);
                engine.queue().push_own(head, tail);
            }
            () = &mut *stop => {
                if config.announce_shutdown {
                    engine.take(clock(), vec![Taken::command(Command::Shutdown)])?;
                }
                let rest = async {
                    while !engine.queue().is_empty() {
                        write.some(engine.queue()).await?;
                    }
                    Ok::<_, LinkError>(())
                };
                match timeout(DEAD, rest).await {
                    Ok(Ok(())) => {}
                    Ok(Err(why)) => warn!("not everything was sent: {why}"),
                    Err(_) => warn!("not everything was sent: the server takes nothing"),
                }
                write.close().await;
                return Ok(End::Stop);
            }
        }
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// What the machine takes of what came. What it never sees is answered here.
fn sort(came: &mut Vec<Came>, domain: &BareJid, queue: &mut Queue) -> Vec<Taken> {
    let mut batch = Vec::with_capacity(came.len());
    for came in came.drain(..) {
        match came {
            Came::Stanza(stanza, _) if is_ping(&stanza, domain) => {}
            Came::Stanza(stanza, bytes) => {
                debug!(kind = ?stanza.kind, type = ?stanza.type_, from = stanza.sender(), id = stanza.id.as_deref(), "receive");
                batch.push(Taken::stanza(stanza, bytes));
            }
            Came::Refused(header, fault) => {
                let from = header.as_ref().and_then(|header| header.sender());
                warn!(from, %fault, "a stanza is beyond all limits and is refused");
                let Some(header) = header.filter(|header| header.kind != StanzaKind::Presence) else { continue };
                let refusal = StanzaError::of(Condition::PolicyViolation);
                if let (Some(to), Some(answer)) = (header.sender(), Outgoing::error(&header, &refusal)) {
                    let mut head = Vec::new();
                    answer.head_into(to, &mut head);
                    queue.push_own(head.into(), answer.tail().clone());
                }
            }
        }
    }
    batch
}

/// A ping to ourselves, through the server: it asks nothing of the server that it does not do anyway.
#[must_use]
pub fn ping(domain: &BareJid) -> (Bytes, Bytes) {
    let header =
        Header { kind: StanzaKind::Iq, type_: StanzaType::Get, from: domain.as_str(), id: Some(PING), lang: None };
    let ping = Outgoing::new(&header, |writer| {
        writer.open("ping", "urn:xmpp:ping").close();
    });
    let mut head = Vec::new();
    ping.head_into(domain.as_str(), &mut head);
    (head.into(), ping.tail().clone())
}

/// Whether this is our own ping that came back: nobody else can send from our domain.
#[must_use]
pub fn is_ping(stanza: &Stanza, domain: &BareJid) -> bool {
    stanza.id.as_deref() == Some(PING) && stanza.from.as_ref().is_some_and(|from| from.as_str() == domain.as_str())
}

/// Twice as long, with up to a quarter more or less, so that many hosts do not come back in one moment.
#[must_use]
pub fn back_off(last: Duration) -> Duration {
    let next = (last * 2).clamp(Duration::from_secs(1), BACK_OFF);
    let mut random = [128];
    // Without random bytes it is the middle.
    let _ = getrandom::fill(&mut random);
    let [random] = random;
    next.mul_f32(0.75 + f32::from(random) / 512.0)
}
