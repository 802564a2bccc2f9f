//! Bounds of group chat rooms and their service.

use serde::{Deserialize, Serialize};

use super::Rate;
use crate::time::Span;

/// Bounds on a GC3 room and its service (PROFILE, section Limits). Each has the default that the profile names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gc3Limits {
    /// Participants of one room, whatever its configuration says: each costs some 200 bytes. Default 100 000.
    pub participants: u32,
    /// Sessions of one account. Default 32.
    pub sessions: u32,
    /// Entries of the access list. Default 10 000.
    pub access: usize,
    /// Aliases of one room. Default 8.
    pub aliases: usize,
    /// Changes of the aliases. Default 5 a day.
    pub alias_changes: Rate,
    /// Bytes of one message. Default 64 KiB.
    pub message_bytes: usize,
    /// Bytes of a subject. Default 4 KiB.
    pub subject_bytes: usize,
    /// Fields of a form. Default 64.
    pub form_fields: usize,
    /// Tombstones. Default 10 000.
    pub tombstones: usize,
    /// Messages of which the room remembers id and author. Default 1024.
    pub recent: usize,
    /// Bytes of the room's picture, as it is sent. Default 64 KiB.
    pub avatar_bytes: usize,
    /// Participants of a room beyond which not all are shown to those who enter by XEP-0045. Default 5000.
    pub crowd: u32,
    /// Of those who spoke last, how many are shown in such a room. Default 500.
    pub crowd_speakers: usize,
    /// Messages that are kept whole for those who enter by XEP-0045. Default 50.
    pub ring: usize,
    /// Bytes of these messages. Default 256 KiB.
    pub ring_bytes: usize,
    /// Messages that are held for a pending session. Default 64.
    pub held: usize,
    /// Bytes of the messages that are held for a pending session. Default 256 KiB.
    pub held_bytes: usize,
    /// How long a session may be pending. Default 30 s.
    pub pending_for: Span,
    /// How long a bare session lives after the last stanza. Default 15 min.
    pub bare_for: Span,
    /// Entries of one account by presence, each of which everybody is told of. Default 10 a minute.
    pub entries: Rate,
    /// Messages, requests and announced presence of one participant. Default 20 at once, then one a second.
    pub input: Rate,
    /// Requests to accounts in flight, and questions to the host. Default 1000 of each.
    pub in_flight: usize,
    /// Relayed requests of one asker to one target. Default 10 a minute.
    pub relay_pair: Rate,
    /// Relayed requests of one asker. Default 60 a minute.
    pub relay_asker: Rate,
    /// Relayed requests to one target. Default 30 a minute.
    pub relay_target: Rate,
    /// How long an account may take to answer. Default 60 s.
    pub relay_for: Span,
    /// `sync` of one full JID. Default 4 a minute.
    pub sync: Rate,
    /// Archive queries of one account. Default 30 a minute.
    pub archive: Rate,
    /// Messages of one page of the archive. Default 250.
    pub archive_page: u32,
    /// How long the host may take to answer for the archive. Default 30 s.
    pub archive_for: Span,
    /// How long the host may take to answer for a parent. Default 10 s.
    pub parent_for: Span,
    /// How long the host's word about a parent is believed. Default 10 min.
    pub parent_cached: Span,
    /// Items of one page of a list. Default 500.
    pub list_page: usize,
    /// IDs of one look-up. Default 50.
    pub look_up: usize,
    /// After which time changes of participants are sent together. Default 1 s.
    pub announce_after: Span,
    /// Items of one change message. Default 100.
    pub announce_items: usize,
    /// Sessions of one full JID that may end by bounces. Default 1 a minute.
    pub bounces: Rate,
    /// `subscribe` to one account on joining again. Default one a minute.
    pub subscribe_again: Span,
    /// The first and the longest wait before something is sent again to a server that cannot be reached. Default 1 min
    /// and 1 h.
    pub retry: (Span, Span),
    /// For how long it is tried. Default 24 h.
    pub retry_for: Span,
    /// The first wait before a probe is repeated. Default 30 s.
    pub probe_after: Span,
    /// `unsubscribe` after the end of a room, and probes after a restore with loss. Default 100 a second.
    pub farewells: u32,
    /// How long the real JID of somebody who left is kept. Default 30 days.
    pub forget_jid: Span,
    /// How long a name of somebody who left is kept. Default 730 days.
    pub forget_nick: Span,
    /// How long a destroyed room is remembered. Default 30 days.
    pub remember_destroyed: Span,
    /// Changes of rights and hats by one account. Default 10 a minute.
    pub acl: Rate,
    /// Groups of a policy, with those that are given: each is asked at every decision. Default 64.
    pub acl_groups: usize,
    /// Hats of a room. Default 64.
    pub hats: usize,
    /// Hats that one account wears: each goes into every presence and item. Default 16.
    pub hats_worn: usize,
    /// Invitations by token that a room keeps (XEP-0488). Default 100.
    pub tokens: usize,
    /// Those of them that one account was given. Default 10.
    pub tokens_each: usize,
    /// How long such a token lives at the most. Default 7 days.
    pub token_life: Span,
    /// Registrations that wait for approval. Default 100.
    pub requests: usize,
    /// Registrations of one account that have to be approved: each is told to every administrator. Default 3 at once, then
    /// 3 an hour.
    pub registrations: Rate,
    /// How long a room that somebody created by entering it waits to be configured. Default 30 min.
    pub unconfigured: Span,
    /// Invitations that may still be declined. Default 1000.
    pub invitations: usize,
    /// Changes in the audit list. Default 500.
    pub audit: usize,
    /// Reports of one account. Default 10 an hour.
    pub reports: Rate,
    /// How long those who left may report. Default 7 days.
    pub report_after: Span,
    /// Reactions of one account to one message. Default 16.
    pub reactions: usize,
    /// Different reactions of all to one message, as far as the room remembers them. Default 256.
    pub reactions_together: usize,
    /// Sets of reactions that the room remembers. Default 1024.
    pub reacted: usize,
    /// Sessions of a service that are told of activity in rooms that they are not in. Default 50 000.
    pub indicated: usize,
    /// Subscriptions of one account to that: each looks at all rooms. Default 4 a minute.
    pub indications: Rate,
    /// Accounts of one room of which it is remembered what they have heard. Default 10 000.
    pub heard: usize,
    /// Rooms of one service. Default 100 000.
    pub rooms: usize,
    /// Rooms created by one account that still exist. Default 100.
    pub rooms_per_account: usize,
    /// Rooms created by one account. Default 10 at once, then 10 an hour.
    pub creation: Rate,
    /// Rooms of one page of the service's list. Default 100.
    pub rooms_page: usize,
    /// Questions for features in flight, and hashes remembered. Default 10 000.
    pub caps: usize,
    /// Rates that are remembered at once before full ones are forgotten. Default 4096.
    pub rates_remembered: usize,
}

impl Default for Gc3Limits {
    fn default() -> Self {
        let minute = Span::from_mins(1);
        Self {
            participants: 100_000,
            sessions: 32,
            access: 10_000,
            aliases: 8,
            alias_changes: Rate::per(5, Span::from_days(1)),
            message_bytes: 64 * 1024,
            subject_bytes: 4 * 1024,
            form_fields: 64,
            tombstones: 10_000,
            recent: 1024,
            avatar_bytes: 64 * 1024,
            crowd: 5000,
            crowd_speakers: 500,
            ring: 50,
            ring_bytes: 256 * 1024,
            held: 64,
            held_bytes: 256 * 1024,
            pending_for: Span::from_secs(30),
            bare_for: Span::from_mins(15),
            entries: Rate::per(10, minute),
            input: Rate { burst: 20, every: Span::from_secs(1) },
            in_flight: 1000,
            relay_pair: Rate::per(10, minute),
            relay_asker: Rate::per(60, minute),
            relay_target: Rate::per(30, minute),
            relay_for: minute,
            sync: Rate::per(4, minute),
            archive: Rate::per(30, minute),
            archive_page: 250,
            archive_for: Span::from_secs(30),
            parent_for: Span::from_secs(10),
            parent_cached: Span::from_mins(10),
            list_page: 500,
            look_up: 50,
            announce_after: Span::from_secs(1),
            announce_items: 100,
            bounces: Rate::per(1, minute),
            subscribe_again: minute,
            retry: (minute, Span::from_hours(1)),
            retry_for: Span::from_hours(24),
            probe_after: Span::from_secs(30),
            farewells: 100,
            forget_jid: Span::from_days(30),
            forget_nick: Span::from_days(730),
            remember_destroyed: Span::from_days(30),
            acl: Rate::per(10, minute),
            acl_groups: 64,
            hats: 64,
            hats_worn: 16,
            tokens: 100,
            tokens_each: 10,
            token_life: Span::from_days(7),
            requests: 100,
            registrations: Rate::per(3, Span::from_hours(1)),
            unconfigured: Span::from_mins(30),
            invitations: 1000,
            audit: 500,
            reports: Rate::per(10, Span::from_hours(1)),
            report_after: Span::from_days(7),
            reactions: 16,
            reactions_together: 256,
            reacted: 1024,
            indicated: 50_000,
            indications: Rate::per(4, minute),
            heard: 10_000,
            rooms: 100_000,
            rooms_per_account: 100,
            creation: Rate { burst: 10, every: Span::from_mins(6) },
            rooms_page: 100,
            caps: 10_000,
            rates_remembered: 4096,
        }
    }
}
