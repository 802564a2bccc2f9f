//! The rules of a room for clients of the New MUC draft (`urn:xmpp:muc:0`), one sentence each. A number that the table of
//! GC3 or of XEP-0045 has, too, is the same rule in the words of this dialect.
//!
//! The normative text is `spec-vectors/muc2/PROFILE.md`. Every rule has at least one vector in `spec-vectors/muc2/`.

crate::rules! { "muc2";
    F1 "F1" "PROFILE#entering; New MUC, Joining via Presence" "A presence to the room's bare address enters by this dialect if `<x/>` holds `<muc2/>`, whose wishes stand inside it, or beside it where it is empty.";
    F2 "F2" "PROFILE#entering; our" "A wish that is there twice, or that says what nobody knows, is refused with a presence error `modify/bad-request`.";
    F3 "F3" "PROFILE#entering; our" "Where the service does not speak this dialect, such a presence is one of XEP-0045.";
    P12 "P12" "PROFILE#entering; our" "A presence that enters from a bare JID, or at an occupant's address, is refused with a presence error `modify/jid-malformed`.";
    J3 "J3" "PROFILE#entering; our" "Whoever wishes no nickname, and of whom the room knows none, is refused with a presence error `modify/not-acceptable`.";
    J4 "J4" "PROFILE#nicknames; our" "Who wishes a nickname that another holds is in under a free variant of it, and told so.";
    J5 "J5" "PROFILE#entering; XEP-0045 §7.2.2, §17.3" "A session that is in and enters again is sent everything as if it had just entered, as much of it as it wants now.";
    J7 "J7" "PROFILE#nicknames; our" "Who wishes no nickname is in under the one that the room knows of it.";
    J10 "J10" "PROFILE#dialects; our" "An account is one participant with one nickname, and one full JID has one session, which the last entry gives its dialect.";
    J11 "J11" "PROFILE#visibility; New MUC, Joining via Presence; our" "Anonymity is granted where addresses are for moderators, and refused with a presence error `modify/not-acceptable` where everybody sees them.";
    J11_1 "J11.1" "PROFILE#visibility; New MUC, Joining via Presence; our" "Anonymity is refused with `modify/not-acceptable` to an account that is in and whose address everybody could see at some time since it came.";
    J11_2 "J11.2" "PROFILE#visibility; New MUC, Joining via Presence; our" "To be seen by everybody is granted where everybody is, and refused with a presence error `modify/not-acceptable` elsewhere.";
    J12 "J12" "PROFILE#entering; our" "The checks of an entry run in one fixed order, the first that fails answers, and a refusal changes nothing.";
    P8 "P8" "PROFILE#entering; New MUC, Joining via Presence; XEP-0045 §7.1, §7.2.2" "Who enters is sent the presence of all others, each from its participant ID and with its nickname, then its own with status 110, then the history, then the subject.";
    P7 "P7" "PROFILE#sessions; our" "An account may be in from several devices, and others see the presence of the best of them, whichever dialect it speaks.";
    P4 "P4" "PROFILE#who-is-there; New MUC, Presence Broadcast" "Participants without a session are shown as unavailable, with the role that they have.";
    P5 "P5" "PROFILE#levels; New MUC, Presence Broadcast" "A session of the level full, which is the default, is sent all presence.";
    P5_1 "P5.1" "PROFILE#levels; New MUC, Presence Broadcast" "A session of the level join is sent the presence of all others when it enters, and then only that by which somebody becomes available or unavailable.";
    P5_2 "P5.2" "PROFILE#levels; New MUC, Presence Broadcast" "A session of the level none is sent no presence of others.";
    P5_3 "P5.3" "PROFILE#levels; our" "Its own presence each session is sent at any level: in answer, when its nickname, role or affiliation is another, and when it ends.";
    U1 "U1" "PROFILE#presence; New MUC, Addressing; XEP-0045 §7.7" "New presence of an occupant is passed on from its participant ID with its nickname, without what only the room may say.";
    U2 "U2" "PROFILE#presence; our" "An occupant sends new presence to the room, or to its own address; to the room it is passed on only where the room is not subscribed to the account.";
    U3 "U3" "PROFILE#presence; our" "Presence of an occupant to any other address is refused with a presence error `modify/not-acceptable`.";
    N2 "N2" "PROFILE#nicknames; our" "A nickname that nobody may have is refused with a presence error `modify/not-acceptable`.";
    N1 "N1" "PROFILE#nicknames; New MUC, Addressing; our" "Who enters again and wishes another nickname has it from then on, and so has whoever has another nickname: its presence comes from the same address, without status 303.";
    X1 "X1" "PROFILE#leaving; our" "Unavailable presence to the room, or to an occupant's address, ends the session, and where it was the last its account is shown as unavailable with the role none.";
    X2 "X2" "PROFILE#removal; XEP-0045 §8.2, §9.1, §10.2.1" "Whoever is removed is shown as unavailable from its participant ID, with the status code that says why.";
    X3 "X3" "PROFILE#removal; XEP-0045 §10.9, §11.2" "The end of the room, or of the service, is told to each occupant by its own unavailable presence, from its participant ID.";
    R1 "R1" "PROFILE#roles; XEP-0045 §8.3, §9.3" "A new role or affiliation is told by presence from the participant ID, with the actor by nickname and ID.";
    C2 "C2" "PROFILE#configuration; XEP-0045 §10.2.1" "A change of the configuration is told by the status codes of XEP-0045.";
    C6 "C6" "PROFILE#creating; XEP-0045 §10.1; our" "Entering a room that there is not creates it as one of XEP-0045, with status 201, locked until it is configured.";
    W1 "W1" "PROFILE#messages; New MUC, Addressing" "A message to the room reaches every session from the author's participant ID, with its nickname (XEP-0172).";
    W2 "W2" "PROFILE#messages; XEP-0425 §4; our" "A moderation names the moderator by participant ID.";
    T1 "T1" "PROFILE#subject; New MUC, Room Subject; our" "After the history comes the subject, with a `<metadata/>` (XEP-0313) that names the newest message which the reader finds in the archive.";
    G6_6 "G6.6" "PROFILE#private-messages; XEP-0045 §7.5; our" "A private message goes to each session of who is in by presence only, from the sender's address in that session's dialect, and else to the bare JID.";
    G7_8 "G7.8" "PROFILE#history; New MUC, Room History; XEP-0045 §7.2.13" "History is sent as XEP-0045 has it, from the participant ID of each author.";
    G7_7 "G7.7" "PROFILE#history; XEP-0313 §4; our" "A query of the archive by a session of this dialect is answered with messages from participant IDs.";
    Q1 "Q1" "PROFILE#voice; XEP-0045 §7.13, §8.6" "A visitor's request for voice reaches every moderator as a form, with the nickname.";
    V2 "V2" "PROFILE#requests; XEP-0045 §17.4; our" "A request of one occupant to another comes from the asker's address in the dialect of the session that it reaches.";
    P6 "P6" "PROFILE#ghosts; our" "A session that may be gone is asked from the room's bare address, and one that is gone ends with status 333.";
    B1 "B1" "PROFILE#bare-jids; New MUC, Bare JID occupancy sessions" "A bare JID joins by request, is answered with the nickname that it has, then sent the subject, and stays when its devices go.";
    B2 "B2" "PROFILE#bare-jids; our" "A request to join from a full JID is refused with `cancel/not-allowed`.";
    B3 "B3" "PROFILE#bare-jids; our" "Joining again changes nothing, but for another nickname.";
    B4 "B4" "PROFILE#bare-jids; our" "A bare JID leaves by request, of its server or of a device, and its account is out if no device of it is in and it did not join by GC3.";
    B5 "B5" "PROFILE#bare-jids; New MUC, Bare JID occupancy sessions; our" "Who occupies the room by its bare JID gets one copy of each message there, in this dialect if it did not join by GC3.";
    B6 "B6" "PROFILE#bare-jids; our" "Where nobody sends copies on, a request to join is refused with `cancel/service-unavailable`.";
    B7 "B7" "PROFILE#bare-jids; our" "The same reasons refuse a bare JID as refuse a presence, as errors of the request.";
    B8 "B8" "PROFILE#bare-jids; our" "A bare JID that is removed is told so by unavailable presence, as each of its sessions is.";
    D1 "D1" "PROFILE#discovery; our" "The feature `urn:xmpp:muc:0` is offered where rooms are entered by this dialect.";
}
