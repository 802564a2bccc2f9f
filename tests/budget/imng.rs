//! An account's router.

use std::mem::size_of;

use allocation_counter::measure;
use jid::{BareJid, FullJid};
use xmpp_machines::codec::{Reader, Stanza};
use xmpp_machines::imng::{Account, AccountConfig, Event, Input, SessionSet, Verdict};
use xmpp_machines::limits::ImngLimits;
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Outbox, Time};

const NOW: Time = Time::from_millis(1_800_000_000_000);

/// An account with so many sessions: the first is the most available, the others have carbons or IM-NG by turns.
fn account(sessions: usize) -> Account {
    let config = AccountConfig::new(&BareJid::new("ann@tea.example").unwrap());
    let mut account = Account::new(config, ImngLimits::default(), Seed::new([7; 32]));
    for n in 0..sessions {
        let session = FullJid::new(&format!("ann@tea.example/session{n}")).unwrap();
        let flavour = match n {
            0 => Event::Active(true),
            _ if n % 2 == 1 => Event::Carbons(true),
            _ => Event::Imng(true),
        };
        for event in [Event::Bound, Event::Available { priority: i8::from(n == 0) }, flavour] {
            account.handle_with(NOW, Input::Session { session: session.clone(), event }, |_, _| {}).unwrap();
        }
    }
    account
}

fn message(to: &str) -> Stanza {
    let text = format!(
        "<message type='chat' id='m1' from='ben@oak.example/hut' to='{to}'><body>Who puts the kettle on?</body>\
         <origin-id xmlns='urn:xmpp:sid:0' id='m1'/><request xmlns='urn:xmpp:receipts'/></message>"
    );
    Reader::one("jabber:client", text.as_bytes()).unwrap()
}

#[test]
fn a_decision_allocates_nothing() {
    for sessions in [1, 5, 20, 64] {
        let account = account(sessions);
        for to in ["ann@tea.example", "ann@tea.example/session0", "ann@tea.example/gone"] {
            let stanza = message(to);
            let counted = measure(|| {
                let verdict = account.judge(&stanza, None);
                assert_eq!(verdict.reached().len(), sessions);
            });
            assert_eq!(counted.count_total, 0, "{sessions} sessions, {to}");
        }
    }
}

/// How many allocations a message costs, written and handed to nobody.
fn cost(account: &mut Account, to: &str) -> u64 {
    // The first one fills what grows once.
    account.handle_with(NOW, Input::Stanza(message(to)), |_, _| {}).unwrap();
    let input = Input::Stanza(message(to));
    measure(|| account.handle_with(NOW, input, |_, _| {}).unwrap()).count_total
}

#[test]
fn a_message_costs_the_same_whoever_gets_it() {
    // Payload, two forms of it, the address that stays, the archive's record and its id; and what writing needs.
    let few = cost(&mut account(3), "ann@tea.example");
    let many = cost(&mut account(64), "ann@tea.example");
    assert_eq!(few, many, "allocations must not depend on the number of sessions");
    assert_eq!(few, 21);
    let one = cost(&mut account(1), "ann@tea.example");
    assert_eq!(one, 15);
}

#[test]
fn a_reused_outbox_allocates_nothing_per_session() {
    let mut account = account(64);
    let mut said = Outbox::new();
    for _ in 0..3 {
        said.clear();
        account.handle(NOW, Input::Stanza(message("ann@tea.example")), &mut said).unwrap();
    }
    said.clear();
    let input = Input::Stanza(message("ann@tea.example"));
    let counted = measure(|| account.handle(NOW, input, &mut said).unwrap());
    assert_eq!(said.deliveries().count(), 64);
    assert_eq!(counted.count_total, 21);
}

#[test]
fn types_have_their_sizes() {
    assert_eq!(size_of::<SessionSet>(), 8);
    assert_eq!(size_of::<Verdict>(), 120);
    assert_eq!(size_of::<Input>(), 248);
}
