//! The rules of a GC3 room and of the service that holds it, one sentence each.
//!
//! The normative text, with the wire format and the reasons, is `spec-vectors/gc3/PROFILE.md`; the anchors point there.
//! Every rule has at least one vector in `spec-vectors/gc3/`. An anchor that ends in `our` marks a choice that no
//! specification has made.

crate::rules! { "gc3";
    J1 "J1" "PROFILE#joining; XEP-0045 §7.2.7" "An outcast, by JID, by domain or by participant ID, is refused with `auth/forbidden`.";
    J2 "J2" "PROFILE#joining; XEP-0045 §7.2.6" "Whoever is not on the access list of a members-only room is refused with `auth/registration-required`.";
    J3 "J3" "PROFILE#joining; GC3 draft, Joining a channel" "A join without a mandatory field is refused with `modify/not-acceptable` and the join form beside the error.";
    J4 "J4" "PROFILE#joining; XEP-0045 §7.2.8; our" "A nickname that another person holds is changed to a free variant, which the answer tells.";
    J5 "J5" "PROFILE#joining; our" "Joining again gives the same participant ID, keeps the sessions, ignores the form except its password, and asks for the subscription again at most once a minute.";
    J6 "J6" "PROFILE#joining; XEP-0045 §7.2.9" "A full room refuses everybody but admins and owners with `wait/service-unavailable`.";
    J7 "J7" "PROFILE#identities; XEP-0421 §3" "An account that returns gets its old participant ID and, unless somebody took it, its old nickname.";
    J8 "J8" "PROFILE#aliases; GC3 draft, Joining a channel" "A join through an alias is answered with the canonical address of the room.";
    J9 "J9" "PROFILE#joining; XEP-0045 §7.2.5" "A missing or wrong password is refused with `auth/not-authorized` and the join form beside the error.";
    J10 "J10" "PROFILE#sessions; our" "An account is one participant with one nickname, however many sessions it has, and a full JID has at most one session.";
    J12 "J12" "PROFILE#joining; our" "The checks of a join run in one fixed order, the first that fails answers, and a refusal changes nothing.";

    M1 "M1" "PROFILE#messages; XEP-0045 §7.4" "A message from an account that is not a participant is refused with `cancel/not-acceptable`.";
    M2 "M2" "PROFILE#messages; XEP-0359 §3" "All sessions see accepted messages in one order, and a message carries the room's stanza-id if and only if it is archived.";
    M3 "M3" "PROFILE#messages; XEP-0421 §3.2; XEP-0359 §4" "What a sender may not say for the room is removed from a message before anything else happens to it.";
    M4 "M4" "PROFILE#messages; our" "A message is reflected once to each session subscribed to messages, and always to the full JID that sent it.";
    M5 "M5" "PROFILE#messages; XEP-0045 §8.1" "A subject change without the right to it is refused with `auth/forbidden`, and the last subject is part of the room's state.";
    M6 "M6" "PROFILE#retraction; XEP-0424 §5; XEP-0425 §4" "Only the author retracts a message, only who holds the verb retract-other moderates one, and others are refused with `auth/forbidden`.";
    M7 "M7" "PROFILE#messages; XEP-0500; our" "A message that comes too soon after the last, by slow mode or by the sender's token bucket, is refused with `wait/policy-violation`.";
    M8 "M8" "PROFILE#private-messages; XEP-0045 §7.5; our" "A private message that the room's configuration or its target does not allow is refused with `cancel/service-unavailable`.";
    M9 "M9" "PROFILE#messages; RFC 6120 §8.3.1" "A message of type error is neither broadcast nor answered.";
    M10 "M10" "PROFILE#messages; XEP-0444 §2.2, §3.3" "A set of reactions that the room's restrictions do not allow is refused with `modify/not-acceptable`, and one that only takes some away is not.";
    M12 "M12" "PROFILE#messages; XEP-0045 §7.4" "A message from a participant without voice is refused with `auth/forbidden`.";
    M13 "M13" "PROFILE#limits; our" "A message above 64 KiB, one with an id above 1 KiB, or a subject above 4 KiB is refused with `modify/policy-violation`.";
    M15 "M15" "PROFILE#messages; our" "A set of reactions beyond the room's own caps is refused with `modify/policy-violation`.";

    P1 "P1" "PROFILE#sessions; GC3 draft, Presence" "Available presence of an approved account opens or refreshes the presence session of its full JID, and unavailable presence ends it.";
    P2 "P2" "PROFILE#subscription; our" "An account that withdraws its approval loses its presence sessions and nothing else, and its `unsubscribe` is ignored.";
    P3 "P3" "PROFILE#presence; our" "Presence learnt through the subscription is never forwarded, and the room writes one presence of its own for each participant.";
    P6 "P6" "PROFILE#bounces; XEP-0045 §18.1.2; our" "An error in answer to something the room sent ends the session it came from only by a condition that says that the session is gone.";
    P9 "P9" "PROFILE#sync; XEP-0410 §3" "A ping to the own nickname or participant ID is answered by a result if that full JID has a session, else by `cancel/not-acceptable`.";
    P14 "P14" "PROFILE#limits; our" "Presence that comes faster than its token bucket allows is merged and never answered.";
    P15 "P15" "PROFILE#iq-relay; XEP-0045 §17.4; our" "A participant's request to a nickname or participant ID that nobody holds is refused with `cancel/item-not-found`.";

    L1 "L1" "PROFILE#people-who-left; our" "The room keeps the participant ID, last nickname and time of leaving of those who left, and forgets the JID and the nickname after a set time.";
    L2 "L2" "PROFILE#people-who-left; our" "A list since a known version reports who left after it, and a full list holds nobody who left.";
    L3 "L3" "PROFILE#archive; XEP-0421 §5.3; our" "An archived message carries its author's participant ID and the nickname at the time of sending.";
    L4 "L4" "PROFILE#people-who-left; XEP-0463 §5" "Nobody learns who left before they themselves came.";

    V1 "V1" "PROFILE#privacy; XEP-0045 §4.3; our" "Nothing that the room sends contains a real JID, or what stands for one, unless the reader may see real JIDs.";
    V3 "V3" "PROFILE#service-discovery; XEP-0045 §6.5" "The room lists its participants in service discovery only to participants, and never by their real JIDs.";
    V4 "V4" "PROFILE#secret-rooms; our" "To a stranger a secret room answers `cancel/item-not-found`, byte for byte as a name of that shape that does not exist.";
    V5 "V5" "PROFILE#privacy; XEP-0045 §8.2; XEP-0425 §5" "Who kicked, banned, invited or moderated is named by participant, never by a real JID.";
    V6 "V6" "PROFILE#addresses; RFC 7622 §3" "A sender whose address normalisation changes in more than ASCII case, or whose domain ends in a dot, is refused with `modify/jid-malformed`.";
    V7 "V7" "PROFILE#iq-relay; XEP-0045 §17.4; our" "A request to an account is relayed from the service's own domain and never from the room, which the account's server would trust as a contact.";

    C1 "C1" "PROFILE#configuration; GC3 notes" "A change of what is fixed by the room's kind is refused with `cancel/not-allowed`, and submitting the same value is fine.";
    C2 "C2" "PROFILE#configuration; XEP-0045 §10.2.1; our" "Every change of the configuration raises its version and is announced to the sessions.";
    C3 "C3" "PROFILE#configuration; XEP-0045 §10.2.1; our" "A change that takes rights away is in force before the next stanza, and those who lost the right to be in are removed.";
    C4 "C4" "PROFILE#access-list; XEP-0045 §10.6" "The last owner cannot be taken from the owners, and the attempt is refused with `cancel/conflict`.";
    C5 "C5" "PROFILE#access-list; XEP-0463 §3" "Every change of the access list raises its version.";
    C7 "C7" "PROFILE#creating; XEP-0045 §10.1.1" "An account without the right to create rooms is refused with `auth/forbidden`.";

    SP2 "SP2" "PROFILE#spaces; XEP-0503; our" "A room names at most one parent, by an XMPP URI with a node.";
    SP3 "SP3" "PROFILE#spaces; our" "Naming a parent takes the right to configure the room and, by the host's word, to publish in the parent, else it is refused with `auth/forbidden`.";
    SP4 "SP4" "PROFILE#spaces; Related Entities draft" "The parent is found by service discovery under the node of related entities.";
    SP5 "SP5" "PROFILE#spaces; our" "Where the room says so, membership in the parent opens a members-only room, and never a secret one.";
    SP6 "SP6" "PROFILE#spaces; our" "Membership in the parent is asked of the host when somebody joins, and an answer that does not come in 10 seconds is `wait/internal-server-error`.";
    SP7 "SP7" "PROFILE#spaces; our" "An entry of the room's own access list beats membership in the parent.";
    SP8 "SP8" "PROFILE#spaces; our" "Whoever loses the membership that let them in is removed, unless the room's own access list holds them.";
    SP9 "SP9" "PROFILE#spaces; our" "A secret room shows its parent to nobody who may not know the room.";
    SP10 "SP10" "PROFILE#spaces; our" "A parent's parent counts for nothing, and a parent that is gone admits nobody and removes nobody.";

    RP1 "RP1" "PROFILE#reports; GC reporting draft; XEP-0377" "A participant is reported to the room by participant ID, and a report of another shape is refused with `modify/bad-request`.";
    RP2 "RP2" "PROFILE#reports; our" "Participants may report, and so may those who left or were removed in the last 7 days, and others are refused with `auth/forbidden`.";
    RP3 "RP3" "PROFILE#reports; GC reporting draft" "A report of a participant ID that the room does not know is refused with `cancel/item-not-found`.";
    RP4 "RP4" "PROFILE#reports; our" "A reported message counts only if it is an archived message of the reported participant, and the report stands without it.";
    RP5 "RP5" "PROFILE#reports; our" "A report goes to the owners and admins with the reporter named by participant ID, and the reported person is not told.";
    RP6 "RP6" "PROFILE#reports; GC reporting draft; our" "A report of a whole room goes to the administrators of the service, if the reporter may know the room.";
    RP7 "RP7" "PROFILE#reports; our" "An account that reports more than 10 times in an hour is refused with `wait/policy-violation`.";

    G1_1 "G1.1" "PROFILE#forms; XEP-0004 §3.1; XEP-0068" "A form carries its FORM_TYPE, and a submitted one has type submit or, as in the draft, form.";
    G1_2 "G1.2" "PROFILE#forms; our" "An unknown field is ignored in a join or create form and refused with `modify/bad-request` in a configuration.";
    G1_3 "G1.3" "PROFILE#forms; XEP-0122 §4" "A field that comes twice, or whose value is not of its type, is refused with `modify/bad-request`.";
    G1_4 "G1.4" "PROFILE#forms; our" "A field that is merely missing is never a broken form.";
    G1_5 "G1.5" "PROFILE#forms; our" "Every field of a configuration is optional, an absent one stays as it is, and a set that contradicts itself changes nothing.";
    G1_6 "G1.6" "PROFILE#configuration; our" "A configuration set is answered by an empty result and then told to every session with the new version.";
    G1_7 "G1.7" "PROFILE#own-settings; GC3 draft, heading only; our" "A participant reads and sets its own nickname, push rule, profile and presence wishes, and the answer holds the values as assigned.";

    G2_1 "G2.1" "PROFILE#participant-list; our" "An item of the participant list says the ID, nickname, affiliation and, where they differ from the default, role and presence.";
    G2_2 "G2.2" "PROFILE#people-who-left; our" "An item for somebody who left says the ID, the last nickname, when and why, and nothing else.";
    G2_3 "G2.3" "PROFILE#participant-list; our" "Items come in the order of their IDs, and a real JID only to those who may see it.";
    G2_4 "G2.4" "PROFILE#versions; our" "A version is an opaque string of a tag and a counter, and a new tag makes every older version unknown.";
    G2_5 "G2.5" "PROFILE#versions; our" "Every change raises the counter by one and is written on the item that it touches.";
    G2_6 "G2.6" "PROFILE#versions; our" "A known version is answered with what changed after it, and an unknown one with everybody present.";
    G2_7 "G2.7" "PROFILE#people-who-left; our" "Tombstones are bounded, and those of accounts that neither spoke, nor were listed, nor were removed by others go first.";
    G2_8 "G2.8" "PROFILE#participant-list; XEP-0059 §2" "A list comes in pages of at most 500 items, each with the current version.";
    G2_9 "G2.9" "PROFILE#participant-list; our" "Participants present and past are looked up by ID, by those who may read the history.";
    G2_10 "G2.10" "PROFILE#participant-list; our" "The list is read by those whom the configuration lets read it, while moderators, admins, owners and oneself are always visible.";
    G2_11 "G2.11" "PROFILE#participant-list; our" "Changes of the list are merged for at most one second and 100 items, and each message names the version it follows.";
    G2_12 "G2.12" "PROFILE#access-list; our" "The access list is read by owners and admins, and its members by members where JIDs are visible.";
    G2_13 "G2.13" "PROFILE#access-list; GC3 notes; our" "The access list is set by items of bare JIDs or exact domains, and a domain as admin or owner is refused with `cancel/not-allowed`.";
    G2_14 "G2.14" "PROFILE#administration; our" "Affiliation, role and presence of a participant are changed by its ID, and an unknown ID is refused with `cancel/item-not-found`.";
    G2_15 "G2.15" "PROFILE#administration; our" "A set of changes happens whole or not at all, and one that names an account twice or mixes kinds of change on an item is refused with `modify/bad-request`.";
    G2_16 "G2.16" "PROFILE#access-list; our" "A ban by participant ID is kept by ID and found again at every join.";
    G2_17 "G2.17" "PROFILE#administration; XEP-0045 §8.2, §9.1" "A kick ends the participation and keeps the affiliation, and nobody acts on a higher rank or bans themselves.";
    G2_18 "G2.18" "PROFILE#versions; our" "A set that names a version that is no longer the current one is refused with `cancel/conflict`.";
    G2_19 "G2.19" "PROFILE#limits; our" "A look-up of more than 50 IDs is refused with `modify/bad-request`.";

    G3_1 "G3.1" "PROFILE#joining; GC3 draft, Joining a channel; our" "A join is answered first, then the room asks for the subscription, and then the others learn of it.";
    G3_2 "G3.2" "PROFILE#leaving; our" "A leave is answered first, then the others learn of it, and then the room gives up the subscription.";
    G3_3 "G3.3" "PROFILE#leaving; our" "Whoever is removed is told at every session, with the reason, before the removal proceeds like a leave.";
    G3_4 "G3.4" "PROFILE#leaving; our" "The room ignores presence of an account that is no longer in it.";
    G3_5 "G3.5" "PROFILE#destroying; XEP-0045 §10.9; our" "A destroyed room tells every session, gives up every subscription, and answers `cancel/gone` for 30 days.";
    G3_6 "G3.6" "PROFILE#creating; GC3 draft, Creating a channel; our" "The service draws the address of a new room, and its creator becomes owner and first participant.";
    G3_7 "G3.7" "PROFILE#creating; our" "Creating rooms too fast is refused with `wait/policy-violation`.";
    G3_8 "G3.8" "PROFILE#creating; our" "Creating more rooms than the account or the service may hold is refused with `wait/resource-constraint`.";

    G4_1 "G4.1" "PROFILE#subscription; GC3 draft, Joining a channel; our" "An answer to the subscription request changes what the room learns and never whether the account takes part.";
    G4_2 "G4.2" "PROFILE#subscription; our" "A subscription request is repeated by a new join or after its remote server was out of reach, and never otherwise.";
    G4_3 "G4.3" "PROFILE#subscription; our" "An account whose server says that it does not exist leaves the room, and no other error ends a participation.";
    G4_4 "G4.4" "PROFILE#subscription; our" "Declining the subscription ends presence sessions.";
    G4_5 "G4.5" "PROFILE#sessions; our" "A session opened by a request lives 15 minutes after the last stanza of its full JID, or until presence makes it a presence session.";
    G4_6 "G4.6" "PROFILE#sessions; XEP-0115 §6; XEP-0390 §4; our" "A presence session starts with the subscriptions that its capabilities name, which the room asks for once when it does not know them.";
    G4_7 "G4.7" "PROFILE#sessions; RFC 6121 §4.3; our" "After a presence session is lost the room probes the account, with growing pauses, until it hears of it.";
    G4_8 "G4.8" "PROFILE#addresses; our" "The room sends no presence of its own, and drops what is neither a request, a groupchat message nor presence.";

    G5_1 "G5.1" "PROFILE#sync; our" "A sync get only looks, and a sync set makes the subscriptions exactly those that it names.";
    G5_2 "G5.2" "PROFILE#sync; our" "A sync is answered with the state as it was before it.";
    G5_3 "G5.3" "PROFILE#sync; our" "A sync tells the newest message that the account may read and whether anything came after the one it knows.";
    G5_5 "G5.5" "PROFILE#sync; our" "A sync from an account that is not in says so, with when and why it left while the room remembers.";
    G5_6 "G5.6" "PROFILE#limits; our" "A full JID that syncs more than four times in a minute is refused with `wait/policy-violation`.";

    G6_1 "G6.1" "PROFILE#messages; XEP-0045 §7.5" "A groupchat message goes to the bare address of the room, and one to a participant is refused with `modify/bad-request`.";
    G6_2 "G6.2" "PROFILE#forgeries; our" "A fixed list of elements that only a room, a server or an archive may write is removed at top level.";
    G6_3 "G6.3" "PROFILE#security-considerations; our" "What the room states about itself comes from its bare address, and nothing that a participant sends comes from there.";
    G6_4 "G6.4" "PROFILE#messages; XEP-0421 §3; our" "A reflected message carries the author's participant ID and nickname, and an id even if the sender gave none.";
    G6_6 "G6.6" "PROFILE#private-messages; XEP-0280 §6.1; our" "A private message reaches its target's account once, at its bare JID, from the sender's participant address.";

    G7_1 "G7.1" "PROFILE#archive; XEP-0313 §5; XEP-0424 §5" "Messages with content are archived, and states, markers and what asks not to be stored are not.";
    G7_2 "G7.2" "PROFILE#archive; XEP-0313 §5.1" "The archive is read by those who may enter and hold the verb view-history, as far back as the configuration lets them, else it is refused with `auth/forbidden`.";
    G7_3 "G7.3" "PROFILE#archive; our" "A page is asked of the host, and an answer that does not come in 30 seconds is `wait/internal-server-error`.";
    G7_4 "G7.4" "PROFILE#archive; XEP-0313 §4.1.3; XEP-0059 §2.1" "A query that names an unknown message is refused with `cancel/item-not-found`.";
    G7_5 "G7.5" "PROFILE#archive; XEP-0313 §4.1" "A query with an unknown form field is refused with `cancel/feature-not-implemented`.";
    G7_6 "G7.6" "PROFILE#limits; our" "A page holds at most 250 messages, and more than 30 queries in a minute are refused with `wait/resource-constraint`.";
    G7_7 "G7.7" "PROFILE#archive; XEP-0313 §4.1, §4.3; our" "The archive offers its query form and metadata, and writes each message in the dialect of its reader.";

    G8_1 "G8.1" "PROFILE#retraction; XEP-0424 §5" "A retraction of a message that the sender did not write, or that does not exist, is refused with `auth/forbidden`.";
    G8_2 "G8.2" "PROFILE#retraction; XEP-0424 §6" "A retracted message stays in the archive as a tombstone with its author and nickname.";
    G8_3 "G8.3" "PROFILE#retraction; XEP-0425 §4" "A moderation is announced from the bare address of the room and names the moderator as participant.";
    G8_4 "G8.4" "PROFILE#retraction; our" "A moderation of an unknown message is refused with `cancel/item-not-found`, and of a retracted one answered with nothing sent.";

    G9_1 "G9.1" "PROFILE#iq-relay; XEP-0199; our" "A ping to another participant's address is answered by the room.";
    G9_2 "G9.2" "PROFILE#iq-relay; XEP-0045 §17.4; our" "Only requests for a vCard or an avatar are relayed, where JIDs are visible or the target agreed, and others are refused with `cancel/service-unavailable`.";
    G9_3 "G9.3" "PROFILE#iq-relay; our" "A relayed result is rebuilt from what the room knows, and shows no more than pictures where JIDs are hidden.";
    G9_4 "G9.4" "PROFILE#iq-relay; our" "A request to a participant from an account that is not in the room is refused with `cancel/not-acceptable`.";
    G9_5 "G9.5" "PROFILE#iq-relay; our" "A relayed error is rebuilt from its condition, without text or request, and an answer counts once.";
    G9_6 "G9.6" "PROFILE#iq-relay; our" "A relayed request without an answer in 60 seconds is answered `wait/remote-server-timeout`.";
    G9_7 "G9.7" "PROFILE#limits; our" "Too many relayed requests, by pair, by asker, by target or in flight, are refused with `wait/resource-constraint`.";

    G11_1 "G11.1" "PROFILE#nicknames; XEP-0172; our" "A nickname is normalised, and one that is empty, too long, invisible, begins with a hyphen or holds control characters is refused with `modify/not-acceptable`.";
    G11_2 "G11.2" "PROFILE#nicknames; our" "Nicknames that look alike after folding are the same, and a participant who is offline still holds its own.";
    G11_3 "G11.3" "PROFILE#nicknames; our" "A free variant is the nickname with the smallest free number from 2 to 100, and without one the join is refused with `cancel/conflict`.";

    G12_1 "G12.1" "PROFILE#aliases; our" "An alias has the service's domain and a name that cannot be mistaken for a drawn one, else it is refused with `modify/bad-request`.";
    G12_2 "G12.2" "PROFILE#aliases; our" "An alias that is taken is refused with `cancel/conflict`, and an alias always stands for a room.";
    G12_3 "G12.3" "PROFILE#aliases; our" "Aliases are set by service administrators and, where the service says so, by owners of listed rooms, and others are refused with `auth/forbidden`.";
    G12_4 "G12.4" "PROFILE#aliases; our" "More than 5 changes of aliases in a day are refused with `wait/policy-violation`.";
    G12_5 "G12.5" "PROFILE#aliases; GC3 draft, Joining a channel; our" "An alias answers the join form, a join and service discovery, and all else with `cancel/gone` and the canonical address.";

    G13_1 "G13.1" "PROFILE#service; our" "Service administrators list, configure and destroy any room and set its access, and gain no voice and no archive by it.";
    G13_2 "G13.2" "PROFILE#service-discovery; XEP-0045 §6.3" "The service lists rooms that are listed, and to participants also their own.";
    G13_3 "G13.3" "PROFILE#service; our" "A shutdown tells nothing to sessions of this dialect, which sync when they are back.";
    G13_4 "G13.4" "PROFILE#service; XEP-0045 §6.4" "A request to a name that does not exist is refused with `cancel/item-not-found`.";
    G13_5 "G13.5" "PROFILE#service; RFC 6120 §8.4" "A request that nobody understands is refused with `cancel/service-unavailable`.";
    G13_6 "G13.6" "PROFILE#service; RFC 6120 §8.2.3" "A result or an error that nobody asked for is dropped without an answer.";
    G13_7 "G13.7" "PROFILE#service-discovery; XEP-0030; XEP-0045 §6.4" "Service discovery names what the room can do as it is configured now.";

    G14_9 "G14.9" "PROFILE#errors; our" "A request that only participants may make is refused with `cancel/not-acceptable` to others.";
    G14_10 "G14.10" "PROFILE#errors; our" "A request for which the asker lacks the verb is refused with `auth/forbidden`.";
    G14_12 "G14.12" "PROFILE#errors; RFC 6120 §8.3.3.1" "A request whose payload cannot be read is refused with `modify/bad-request`.";
    G14_13 "G14.13" "PROFILE#limits; our" "A form of more than 64 fields is refused with `modify/policy-violation`.";
    G14_14 "G14.14" "PROFILE#limits; our" "Requests that come faster than the sender's token bucket allows are refused with `wait/policy-violation`.";
    G14_15 "G14.15" "PROFILE#limits; our" "A session, access-list entry, alias or room beyond its limit is refused with `wait/resource-constraint`.";
}
