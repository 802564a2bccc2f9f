//! A whole XMPP domain without a socket: accounts, rooms, uploads, and all that passes between them.
//!
//! A [`Domain`] is handed what sessions and other servers send, and says who gets what: deliveries to sessions and stanzas
//! for other servers in the lane `Send`, what is to be stored and asked in the lane `Do`. It puts the machines of this
//! crate together, each account an [`imng::Account`](crate::imng::Account), all rooms a [`Rooms`], all uploads a
//! [`retention::Service`](crate::retention::Service), and for each account a
//! [`push::router::Router`](crate::push::router::Router) if push is configured and a
//! [`gc3::Account`](crate::gc3::Account) if it takes part in group chat itself, and adds what stands between them: routing,
//! presence, and what the domain answers itself. What goes from one to the other inside the domain waits for its turn, and
//! all of it is done when the call returns.
//!
//! Rosters are the host's: it tells the domain the subscriptions as facts and decides about presence that changes them
//! ([`imng::Order::Subscription`](crate::imng::Order::Subscription)).
//!
//! - The rules, one sentence each: [`rules`]. The whole text: `spec-vectors/service/PROFILE.md`.
//! - Push: [`DomainConfig::with_copies`] has rooms send copies to members who are away, [`DomainConfig::with_push`] gives
//!   each new account a router, which wakes its devices.
//! - Group chat: [`DomainConfig::with_pam`] gives each new account a [`gc3::Account`](crate::gc3::Account), which joins
//!   rooms for it, keeps the list of them and approves their subscriptions; the host is told to store these
//!   ([`Order::Contact`]) and says which sessions want the list ([`Input::Wants`]).
//! - Uploads: [`DomainConfig::with_uploads`] puts an upload service at a domain of its own. The host tells it of HTTP as
//!   [`Input::Uploads`] and does what it orders as [`Order::Uploads`]; with an account go its files.
//! - The rooms of this folder: `pam` is what accounts hear of rooms and what follows, `push` is what routers see and what
//!   follows, `post` carries what was said, `uploads` joins the upload service on, `presence` and `server` are the domain's
//!   own words, `state` knows, `machine` hands on.
//!
//! Two people chat, and meet in a room:
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::gc3::ServiceConfig;
//! use xmpp_machines::imng::Event;
//! use xmpp_machines::jid::{BareJid, FullJid};
//! use xmpp_machines::limits::ServiceLimits;
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::service::{Domain, DomainConfig, Input};
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let rooms = ServiceConfig::new(&BareJid::new("rooms.tea.example")?);
//! let config = DomainConfig::new(&BareJid::new("tea.example")?).with_rooms(rooms);
//! let mut domain = Domain::new(config, ServiceLimits::default(), Seed::new([7; 32]))?;
//! let (ann, ben) = (FullJid::new("ann@tea.example/desk")?, FullJid::new("ben@tea.example/phone")?);
//! let (now, mut said) = (Time::from_millis(1_800_000_000_000), Outbox::new());
//! for session in [&ann, &ben] {
//!     domain.handle(now, Input::Create { account: session.to_bare() }, &mut said)?;
//!     domain.handle(now, Input::Session { session: session.clone(), event: Event::Bound }, &mut said)?;
//! }
//! // What a session sends, and what every session gets.
//! let mut turn = |session: &FullJid, xml: &str| -> Result<Vec<(String, String)>, Box<dyn std::error::Error>> {
//!     said.clear();
//!     let stanza = Reader::one("jabber:client", xml.as_bytes())?;
//!     domain.handle(now, Input::FromSession { session: session.clone(), stanza }, &mut said)?;
//!     let text = |d: xmpp_machines::Delivery<'_>| String::from_utf8_lossy(&[d.head, d.tail].concat()).into_owned();
//!     Ok(said.deliveries().map(|delivery| (delivery.to.to_owned(), text(delivery))).collect())
//! };
//! turn(&ann, "<presence/>")?;
//! turn(&ben, "<presence/>")?;
//! let got = turn(&ann, "<message to='ben@tea.example' type='chat'><body>Shall we meet?</body></message>")?;
//! assert_eq!(got[0].0, "ben@tea.example/phone");
//!
//! let form = |kind: &str, nick: &str| format!("<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'>\
//!     <value>urn:xmpp:gc3:{kind}-form</value></field><field var='urn:xmpp:gc3:fields:nickname'><value>{nick}</value>\
//!     </field><field var='urn:xmpp:gc3:fields:kind'><value>channel</value></field><field var='urn:xmpp:gc3:fields:name'>\
//!     <value>Tea</value></field></x><subscribe type='message'/>");
//! let create = format!("<create xmlns='urn:xmpp:gc3:0'>{}</create>", form("create", "Ann"));
//! let got = turn(&ann, &format!("<iq type='set' id='1' to='rooms.tea.example'>{create}</iq>"))?;
//! let room = got[0].1.split("<subscription-jid>").nth(1).and_then(|rest| rest.split('<').next()).expect("a room");
//! let join = format!("<join xmlns='urn:xmpp:gc3:0'>{}</join>", form("join", "Ben"));
//! turn(&ben, &format!("<iq type='set' id='2' to='{room}'>{join}</iq>"))?;
//! let got = turn(&ben, &format!("<message to='{room}' type='groupchat'><body>Here I am.</body></message>"))?;
//! assert_eq!(got.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), [ann.as_str(), ben.as_str()]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod host;
mod machine;
mod pam;
mod post;
mod presence;
mod push;
pub mod rooms;
pub mod rules;
mod server;
mod state;
mod uploads;

pub use host::{Input, Notice, Order, StreamCondition};
pub use machine::Domain;
pub use rooms::Rooms;
pub use state::DomainConfig;
