//! An upload service with many files, for tests of its budget and for benches.

use std::fmt::Write as _;

use xmpp_machines::codec::Reader;
use xmpp_machines::limits::{Rate, RetentionLimits};
use xmpp_machines::retention::{Input, Keep, Order, Policy, Purpose, Service, ServiceConfig, SlotId};
use xmpp_machines::seed::Seed;
use xmpp_machines::time::Span;
use xmpp_machines::{Action, Machine, Time};

/// A service in which one account may have ten thousand files, and slots come as fast as they can.
pub(crate) fn service() -> Service {
    let mut policy = Policy { hard: 1 << 50, soft: 1 << 49, ..Policy::default() };
    policy.classes[0].hard = 1 << 40;
    let message = policy.classes[0].bucket_mut(Purpose::Message);
    (message.hard, message.soft) = (1 << 40, 1 << 39);
    message.keep = Keep::For(Span::from_days(365));
    message.rate = Rate::per(1_000_000_000, Span::from_hours(1));
    let config = ServiceConfig::new("up.example", "https://up.example/", Seed::new([3; 32]));
    Service::new(config, policy, RetentionLimits::default(), Seed::new([7; 32])).unwrap()
}

pub(crate) fn request(owner: usize) -> Input {
    let text = format!(
        "<iq type='get' id='u' from='user{owner}@tea.example/pot' to='up.example'>\
         <request xmlns='urn:xmpp:http:upload:0' filename='cup.webp' size='9000'/></iq>"
    );
    Input::Stanza(Reader::one("jabber:client", text.as_bytes()).unwrap())
}

/// What stands in the answer between two texts.
fn between(text: &str, a: &str, b: &str) -> String {
    text.split_once(a).unwrap().1.split_once(b).unwrap().0.to_owned()
}

/// Stores one file as a client would.
pub(crate) fn store(service: &mut Service, now: Time, owner: usize) -> SlotId {
    let mut answer = String::new();
    service
        .handle_with(now, request(owner), |_, action| {
            if let Action::Send { stanza, .. } = action {
                write!(answer, "{}", String::from_utf8_lossy(stanza.tail())).unwrap();
            }
        })
        .unwrap();
    let slot = between(&answer, "put url='https://up.example/", "/");
    let authorization = Some(between(&answer, "'Authorization'>", "<").into());
    let put =
        Input::Put { token: 1, slot: slot.as_str().into(), authorization, length: Some(9000), content_type: None };
    service.handle_with(now, put, |_, _| {}).unwrap();
    let id = SlotId::parse(&slot).unwrap();
    let mut accepted = false;
    let stored = Input::Stored { token: 1, slot: id, bytes: 9000 };
    service
        .handle_with(now, stored, |_, action| accepted |= matches!(action, Action::Do(Order::Accept { .. })))
        .unwrap();
    assert!(accepted);
    id
}
