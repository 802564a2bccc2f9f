//! The host against a server made of a plain socket: handshake, odd bytes, lost connections.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test that fails panics")]

mod stub;

use std::path::Path;
use std::time::Duration;

use component::config::Config;
use component::engine::Engine;
use component::host::{self, clock};
use component::link::{Link, LinkError};
use component::store::Store;
use stub::Stub;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

const OPEN: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
    xmlns:stream='http://etherx.jabber.org/streams' from='rooms.tea.example' id='stream-1'>";

/// The server's end of one connection.
struct Server(TcpStream, String);

impl Server {
    async fn accept(listener: &TcpListener) -> Self {
        let (socket, _) = timeout(Duration::from_secs(20), listener.accept()).await.expect("nobody connected").unwrap();
        Self(socket, String::new())
    }

    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads until this was said, and forgets everything up to its end.
    async fn hears(&mut self, text: &str) {
        timeout(Duration::from_secs(20), async {
            let mut bytes = [0; 4096];
            while !self.1.contains(text) {
                let read = self.0.read(&mut bytes).await.unwrap();
                assert_ne!(read, 0, "closed after {:?}", self.1);
                self.1.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{text:?} did not come, only {:?}", self.1));
        let end = self.1.find(text).unwrap() + text.len();
        self.1.drain(..end);
    }

    async fn welcome(listener: &TcpListener) -> Self {
        let mut server = Self::accept(listener).await;
        server.hears("to='rooms.tea.example'>").await;
        server.send(OPEN).await;
        server.hears("<handshake>a63b395f0805da0fc4321b1e146feb03e9dd99f3</handshake>").await;
        server.send("<handshake/>").await;
        server
    }

    async fn says(&mut self, from: &str, text: &str) {
        let stanza = format!("<message from='{from}' to='room@rooms.tea.example'><body>{text}</body></message>");
        self.send(&stanza).await;
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

fn config(folder: &Path, server: &str) -> Config {
    let text = format!("domain = 'rooms.tea.example'\nserver = '{server}'\nsecret = 'oolong'\nstore = 'rooms.redb'");
    Config::parse(&text, &folder.join("component.toml")).unwrap()
}

/// Runs the host beside `server`, stops it, and gives what it has heard in all.
async fn with_host(address: &str, folder: &Path, server: impl Future<Output = ()>) -> Vec<String> {
    let config = config(folder, address);
    let open = || {
        Engine::open(Store::open(&config.store).unwrap(), config.checkpoints(), clock(), |s| Stub::new(&s), |_| Ok(()))
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let host = host::run(&config, open().unwrap(), async { stopped.await.unwrap() });
    let (done, ()) = tokio::join!(host, async {
        server.await;
        stop.send(()).unwrap();
    });
    done.unwrap();
    open().unwrap().machine().heard().to_vec()
}

#[tokio::test]
async fn it_talks_in_whatever_pieces_the_bytes_come() {
    let (folder, (listener, address)) = (TempDir::new().unwrap(), listen().await);
    let heard = with_host(&address, folder.path(), async {
        let mut server = Server::welcome(&listener).await;
        for piece in ["<message from='ann@tea.exa", "mple/desk' to='room@rooms.tea.example'><bo", "dy>hel"] {
            server.send(piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        server.send("lo</body></message> \n ").await;
        server.hears("<message to='ann@tea.example/desk'").await;
        server.hears("<body>1 hello</body></message>").await;
        let deep = "<a>".repeat(5000) + &"</a>".repeat(5000);
        server
            .send(&format!("<iq type='set' id='deep' from='ann@tea.example/desk' to='rooms.tea.example'>{deep}</iq>"))
            .await;
        server.hears("<iq to='ann@tea.example/desk' ").await;
        server.hears("id='deep'").await;
        server.hears("<policy-violation xmlns=").await;
        server.says("ann@tea.example/desk", "panic").await;
        server.says("ben@tea.example/phone", "still there?").await;
        server.hears("<body>2 still there?</body></message>").await;
    });
    assert_eq!(heard.await, ["hello", "still there?"]);
}

#[tokio::test]
async fn it_comes_back_with_its_state_and_what_it_had_not_sent() {
    let (folder, (listener, address)) = (TempDir::new().unwrap(), listen().await);
    let heard = with_host(&address, folder.path(), async {
        let mut server = Server::welcome(&listener).await;
        server.says("ann@tea.example/desk", "one").await;
        server.hears("<body>1 one</body>").await;
        drop(server);
        let mut server = Server::welcome(&listener).await;
        server.says("ann@tea.example/desk", "two").await;
        server.hears("<body>2 two</body>").await;
        server.send("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>").await;
        let mut server = Server::welcome(&listener).await;
        server.says("ann@tea.example/desk", "three").await;
        server.hears("<body>3 three</body>").await;
    });
    assert_eq!(heard.await, ["one", "two", "three"]);
}

#[tokio::test]
async fn reminders_are_served_in_time() {
    let (folder, (listener, address)) = (TempDir::new().unwrap(), listen().await);
    let heard = with_host(&address, folder.path(), async {
        let mut server = Server::welcome(&listener).await;
        server.says("ann@tea.example/desk", "remind tea").await;
        server.hears("<body>1 remind tea</body>").await;
        server.hears("<body>remember tea</body>").await;
    });
    assert_eq!(heard.await, ["remind tea"]);
}

#[tokio::test]
async fn what_is_wrong_with_the_server_is_said_clearly() {
    let (listener, address) = listen().await;
    let open = Link::open(&address, "rooms.tea.example", "green");
    let (link, ()) = tokio::join!(open, async {
        let mut server = Server::accept(&listener).await;
        server.send(OPEN).await;
        server.hears("</handshake>").await;
        server.send("<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>").await;
        server.send("<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error>").await;
    });
    let error = link.unwrap_err().to_string();
    assert_eq!(error, "the server refused the secret (field `secret`) of rooms.tea.example (no)");

    let open = Link::open(&address, "rooms.tea.example", "green");
    let (link, ()) = tokio::join!(open, async {
        Server::accept(&listener).await.send("SSH-2.0-OpenSSH_9.2\r\n").await;
    });
    let error = link.unwrap_err().to_string();
    assert_eq!(error, format!("the server did not open a stream: is {address} the port for components?"));

    drop(listener);
    let error = Link::open(&address, "rooms.tea.example", "green").await.unwrap_err();
    assert!(matches!(&error, LinkError::Connect { .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot connect to {address}: ")), "{error}");
}
