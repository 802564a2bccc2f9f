//! The connection to the server: a stream as external component (XEP-0114), over a socket of our own.
//!
//! Its own, because a reader that gives up at the first odd stanza would let any stranger stop the service.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use xmpp_machines::codec::{Incoming, ReadError, ReadFault, Reader, Stanza};

use crate::engine::limits;
use crate::queue::Queue;

/// The server has this long to accept the connection and each step of the handshake.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much is read at once, and so how many stanzas share one wait for the disk.
const READ: usize = 64 * 1024;
const COMPONENT: &str = "jabber:component:accept";
const STREAMS: &str = "http://etherx.jabber.org/streams";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The server cannot be reached.
    #[error("cannot connect to {address}: {error}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        error: io::Error,
    },
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// It said nothing.
    #[error("the server did not {0} in time")]
    Silent(&'static str),
    /// It knows the domain and expects another secret.
    #[error("the server refused the secret (field `secret`) of {domain}{text}")]
    Secret {
        /// The component's domain.
        domain: String,
        /// What the server says about it.
        text: String,
    },
    /// It ended the stream with an error.
    #[error("the server ended the stream: {condition}{text}")]
    Stream {
        /// The condition.
        condition: String,
        /// What it says about it.
        text: String,
    },
    /// What it sends is no stream.
    #[error("the server sent what cannot be read: {0}")]
    Read(#[from] ReadError),
    /// It sent something else.
    #[error("the server did not {0}: is {1} the port for components?")]
    Unexpected(&'static str, String),
    /// It closed the stream.
    #[error("the server closed the stream")]
    Closed,
}

/// A stream that is ready for stanzas.
#[derive(Debug)]
pub struct Link {
    /// What comes.
    pub read: Reading,
    /// What goes.
    pub write: Writing,
}

/// What comes from the server.
#[derive(Debug)]
pub struct Reading {
    socket: OwnedReadHalf,
    reader: Reader,
    buffer: BytesMut,
}

/// What goes to the server.
#[derive(Debug)]
pub struct Writing {
    socket: OwnedWriteHalf,
}

/// What came for the rooms.
#[derive(Debug)]
pub enum Came {
    /// A stanza and its bytes.
    Stanza(Box<Stanza>, Bytes),
    /// A stanza beyond all limits, which was not read: its header, and what is wrong.
    Refused(Option<Box<Stanza>>, ReadFault),
}

impl Link {
    /// Connects and proves who we are.
    ///
    /// # Errors
    /// The server cannot be reached, is no XMPP server, or does not accept the component.
    pub async fn open(address: &str, domain: &str, secret: &str) -> Result<Self, LinkError> {
        let connect = |error| LinkError::Connect { address: address.to_owned(), error };
        let socket = match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(socket) => socket.map_err(connect)?,
            Err(_) => return Err(connect(io::ErrorKind::TimedOut.into())),
        };
        socket.set_nodelay(true)?;
        let (read, write) = socket.into_split();
        let reader = Reader::forgiving(limits());
        let mut read = Reading { socket: read, reader, buffer: BytesMut::with_capacity(READ) };
        let mut write = Writing { socket: write };
        write.send(&header(domain)).await?;
        let step = |error| match error {
            LinkError::Read(_) => LinkError::Unexpected("open a stream", address.to_owned()),
            error => error,
        };
        let id = match read.one("open a stream").await.map_err(step)? {
            Incoming::Open(header) => header.id.unwrap_or_default(),
            _ => return Err(LinkError::Unexpected("open a stream", address.to_owned())),
        };
        write.send(&handshake(&id, secret)).await?;
        match read.one("answer the handshake").await {
            Ok(Incoming::Element(element)) if element.name() == "handshake" => Ok(Self { read, write }),
            Err(LinkError::Stream { condition, text }) if condition == "not-authorized" => {
                Err(LinkError::Secret { domain: domain.to_owned(), text })
            }
            Ok(_) => Err(LinkError::Unexpected("answer the handshake", address.to_owned())),
            Err(error) => Err(error),
        }
    }
}

impl Reading {
    /// Waits for bytes and reads all stanzas in them. May be dropped while it waits.
    ///
    /// # Errors
    /// The stream is over. `into` holds what came before.
    pub async fn stanzas(&mut self, into: &mut Vec<Came>) -> Result<(), LinkError> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        loop {
            match self.parse()? {
                Some(Incoming::Stanza(stanza, bytes)) => into.push(Came::Stanza(stanza, bytes)),
                Some(Incoming::Refused(header, fault)) => into.push(Came::Refused(header, fault)),
                Some(other) => drop(unless_over(other)?),
                None => return Ok(()),
            }
        }
    }

    async fn one(&mut self, step: &'static str) -> Result<Incoming, LinkError> {
        timeout(PATIENCE, async {
            loop {
                if let Some(found) = self.parse()? {
                    return unless_over(found);
                }
                self.fill().await?;
            }
        })
        .await
        .unwrap_or(Err(LinkError::Silent(step)))
    }

    async fn fill(&mut self) -> Result<(), LinkError> {
        self.buffer.reserve(READ);
        if self.socket.read_buf(&mut self.buffer).await? == 0 { Err(LinkError::Closed) } else { Ok(()) }
    }

    fn parse(&mut self) -> Result<Option<Incoming>, LinkError> {
        let mut rest = &self.buffer[..];
        let found = self.reader.feed(&mut rest);
        let taken = self.buffer.len() - rest.len();
        self.buffer.advance(taken);
        Ok(found?)
    }
}

impl Writing {
    /// Writes as much of the queue as the socket takes now, waiting until it takes something. May be dropped.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn some(&mut self, queue: &mut Queue) -> Result<(), LinkError> {
        let written = self.socket.write_vectored(&queue.slices()).await?;
        if written == 0 {
            return Err(LinkError::Closed);
        }
        queue.advance(written);
        Ok(())
    }

    /// Writes these bytes. Must not be dropped halfway.
    ///
    /// # Errors
    /// The connection broke, or takes nothing for a long time.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        match timeout(PATIENCE, self.socket.write_all(bytes)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }

    /// Closes the stream.
    pub async fn close(mut self) {
        // The state is safe already: a server that does not listen any more changes nothing.
        let _ = self.send(b"</stream:stream>").await;
        let _ = timeout(PATIENCE, self.socket.shutdown()).await;
    }
}

/// The stream header. Its domain was checked to be one, so nothing in it needs escaping.
fn header(domain: &str) -> Vec<u8> {
    format!("<?xml version='1.0'?><stream:stream xmlns='{COMPONENT}' xmlns:stream='{STREAMS}' to='{domain}'>").into()
}

fn handshake(id: &str, secret: &str) -> Vec<u8> {
    let proof = Sha1::new().chain_update(id).chain_update(secret).finalize();
    format!("<handshake>{}</handshake>", HEXLOWER.encode(&proof)).into()
}

/// What ends a stream, as an error.
fn unless_over(found: Incoming) -> Result<Incoming, LinkError> {
    match found {
        Incoming::Close => Err(LinkError::Closed),
        Incoming::Element(element) if element.is("error", STREAMS) => {
            let text =
                element.children().find(|child| child.name() == "text").map(|child| format!(" ({})", child.text()));
            let condition = element.children().find(|child| child.name() != "text");
            let condition = condition.map_or_else(|| "without a reason".to_owned(), |child| child.name().to_owned());
            Err(LinkError::Stream { condition, text: text.unwrap_or_default() })
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_is_the_hash_of_id_and_secret() {
        assert_eq!(
            String::from_utf8(handshake("stream-1", "oolong")).unwrap(),
            "<handshake>a63b395f0805da0fc4321b1e146feb03e9dd99f3</handshake>"
        );
    }
}
