//! What the host of a service learns of changes.

use jid::BareJid;

use super::{Service, ServiceConfig};
use crate::codec::Reader;
use crate::gc3::host::{Input, Notice};
use crate::limits::Gc3Limits;
use crate::seed::Seed;
use crate::{Machine, Outbox, Time};

/// Has Ann set something; gives back what the host was told.
fn set(service: &mut Service, to: &str, name: &str, form: &str, fields: &[(&str, &str)]) -> Vec<Notice> {
    let fields = fields
        .iter()
        .map(|(var, value)| format!("<field var='urn:xmpp:gc3:fields:{var}'><value>{value}</value></field>"));
    let form = format!(
        "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>urn:xmpp:gc3:{form}</value></field>{}</x>",
        fields.collect::<String>()
    );
    let xml = format!(
        "<iq type='set' id='q' from='ann@tea.example/laptop' to='{to}'><{name} xmlns='urn:xmpp:gc3:0'>{form}</{name}></iq>"
    );
    let stanza = Reader::one(crate::ns::CLIENT, xml.as_bytes()).unwrap();
    let mut out = Outbox::new();
    service.handle(Time::from_millis(1000), Input::Stanza(stanza), &mut out).unwrap();
    out.notices().iter().map(|(_, notice)| notice.clone()).collect()
}

#[test]
fn the_host_learns_who_changed_a_room() {
    let domain = BareJid::new("rooms.example").unwrap();
    let mut service = Service::new(ServiceConfig::new(&domain), Gc3Limits::default(), Seed::new([7; 32]));
    let fields = [("nickname", "Ann"), ("kind", "channel"), ("name", "Tea")];
    let told = set(&mut service, "rooms.example", "create", "create-form", &fields);
    let Some(Notice::Created { room }) = told.first() else { panic!("{told:?}") };
    set(&mut service, room.as_str(), "config", "config", &[("name", "Coffee")]);

    let [ann, ben] = ["ann@tea.example", "ben@oak.example"].map(|jid| BareJid::new(jid).unwrap());
    let actors: Vec<_> = service.room_at(room).unwrap().audit().map(|audit| audit.actor).collect();
    assert_eq!(actors, [service.participant_id(room, &ann).unwrap()]);
    assert_ne!(service.participant_id(room, &ben), Some(actors[0]));
    let elsewhere = BareJid::new(&format!("{}@other.example", room.node().unwrap())).unwrap();
    assert!(service.room_at(&elsewhere).is_none());
}
