//! The uploading client: chooses the purpose, tells the user what cannot be promised, and tries again when the service
//! says so.
//!
//! ```
//! use xmpp_machines::codec::Reader;
//! use xmpp_machines::limits::RetentionClientLimits;
//! use xmpp_machines::retention::{Client, ClientInput, Use, Wanted};
//! use xmpp_machines::seed::Seed;
//! use xmpp_machines::{Machine, Outbox, Time};
//!
//! let mut client = Client::new("up.example", RetentionClientLimits::default(), Seed::new([7; 32]))?;
//! let mut said = Outbox::new();
//! let file = Wanted { name: "day.jpg".into(), size: 9000, content_type: None, for_: Use::Story { until: None } };
//! client.handle(Time::from_millis(0), ClientInput::Upload { token: 1, file }, &mut said)?;
//!
//! // First it asks what is offered. This service knows no ephemeral files: the user has to be asked.
//! let asked = said.deliveries().next().map(|sent| String::from_utf8_lossy(sent.tail).into_owned()).unwrap();
//! let id = asked.split("id='").nth(1).unwrap().split('\'').next().unwrap();
//! let info = format!(
//!     "<iq type='result' id='{id}' from='up.example'><query xmlns='http://jabber.org/protocol/disco#info'>\
//!      <feature var='urn:xmpp:http:upload:0'/></query></iq>"
//! );
//! said.clear();
//! let info = Reader::one("jabber:client", info.as_bytes())?;
//! client.handle(Time::from_millis(100), ClientInput::Stanza(info), &mut said)?;
//! let (why, order) = &said.orders()[0];
//! assert_eq!(why.id(), "retention-client.C5");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod host;
mod machine;
mod read;
mod slots;
mod state;

pub use host::{ClientInput, ClientNotice, ClientOrder, GaveUp, Use, Wanted, Warning};
pub use machine::Client;
