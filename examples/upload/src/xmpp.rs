//! The stream to the server, for as long as the service runs: connects, hands stanzas in, writes answers out.
//!
//! While there is no connection the service goes on over HTTP. Answers that could not be written are not kept: whoever
//! asked for a slot asks again.

use std::time::Duration;

use bytes::Bytes;
use component::host::{back_off, is_ping, ping};
use component::link::{Came, Link, LinkError};
use component::queue::Queue;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::engine::{Door, Job};

/// After this much silence the server is asked whether it is still there; after as much again it is not.
const QUIET: Duration = Duration::from_secs(60);

/// Nothing is read while more than this waits to be written.
const FULL: usize = 1 << 20;

/// Runs for ever.
pub async fn run(config: Config, door: Door, mut outgoing: UnboundedReceiver<(Bytes, Bytes)>) {
    let mut wait = Duration::ZERO;
    loop {
        match Link::open(&config.server, config.domain.as_str(), &config.secret).await {
            Ok(link) => {
                info!(server = config.server, domain = %config.domain, "connected");
                wait = Duration::ZERO;
                while outgoing.try_recv().is_ok() {}
                let Err(why) = serve(&config, &door, &mut outgoing, link).await;
                warn!("{why}");
            }
            Err(why) => error!("{why}"),
        }
        wait = back_off(wait);
        sleep(wait).await;
    }
}

async fn serve(
    config: &Config,
    door: &Door,
    outgoing: &mut UnboundedReceiver<(Bytes, Bytes)>,
    link: Link,
) -> Result<std::convert::Infallible, LinkError> {
    let Link { mut read, mut write } = link;
    let (mut queue, mut came) = (Queue::default(), Vec::new());
    let (mut heard, mut pinged) = (Instant::now(), false);
    loop {
        tokio::select! {
            done = write.some(&mut queue), if !queue.is_empty() => done?,
            end = read.stanzas(&mut came), if queue.bytes() < FULL => {
                (heard, pinged) = (Instant::now(), false);
                for came in came.drain(..) {
                    match came {
                        Came::Stanza(stanza, _) if is_ping(&stanza, &config.domain) => {}
                        Came::Stanza(stanza, bytes) => door.tell(Job::stanza(stanza, bytes)),
                        Came::Refused(_, fault) => warn!(%fault, "a stanza is beyond all limits and is dropped"),
                    }
                }
                end?;
            }
            said = outgoing.recv() => match said {
                Some((head, tail)) => queue.push_own(head, tail),
                None => return Err(LinkError::Closed),
            },
            () = sleep_until(heard + QUIET) => {
                if pinged {
                    return Err(LinkError::Silent("say anything"));
                }
                (heard, pinged) = (Instant::now(), true);
                let (head, tail) = ping(&config.domain);
                queue.push_own(head, tail);
            }
        }
    }
}
