//! A room's copies with many members, for the tests and benches that count.

#![allow(dead_code, unreachable_pub, reason = "each test and bench uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jid::BareJid;
use xmpp_machines::codec::Reader;
use xmpp_machines::limits::PushRoomLimits;
use xmpp_machines::push::Room;
use xmpp_machines::push::room::{Affiliation, Broadcast, Config, Dialect, Input, Mode, Participant, Role, Wish};
use xmpp_machines::seed::Seed;
use xmpp_machines::{Machine, Time};

/// The moment of the `n`-th message.
pub fn later(n: u64) -> Time {
    Time::from_millis(1_800_000_000_000 + 1000 * n)
}

pub fn member(n: usize) -> BareJid {
    BareJid::new(&format!("user{n:07}@tea.example")).unwrap()
}

/// The copies of a room with that many members.
pub fn room_of(members: usize, mode: Mode, wish: Wish) -> Room {
    let config = Config { mode, ..Config::default() };
    let limits = PushRoomLimits { members: 1_000_000, accounts: 1_000_000, ..PushRoomLimits::default() };
    let mut room = Room::new(&BareJid::new("kettle@rooms.example").unwrap(), config, limits, &Seed::new([7; 32]));
    for n in 0..members {
        let who = Participant {
            jid: member(n),
            id: format!("-{n:019}").into(),
            nick: format!("Nick{n:07}").into(),
            push: Some(wish),
            affiliation: Affiliation::Member,
            role: Role::Participant,
            own: true,
        };
        room.handle_with(Time::from_millis(1_700_000_000_000), Input::Participant(who), |_, _| {}).unwrap();
    }
    room
}

/// The `n`-th message, which mentions the seventh member.
pub fn broadcast(n: usize) -> Broadcast {
    let xml = format!(
        "<message type='groupchat' id='m{n}' from='kettle@rooms.example/-author'>\
         <body>Who puts the kettle on? Nick0000007, perhaps?</body>\
         <stanza-id xmlns='urn:xmpp:sid:0' by='kettle@rooms.example' id='{n}'/></message>"
    );
    let message = Reader::one("jabber:client", xml.as_bytes()).unwrap();
    Broadcast::read(Some(member(1)), &message).rendered(Dialect::Gc3, &message, true)
}
