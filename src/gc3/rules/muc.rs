//! The rules of a room for clients of XEP-0045, one sentence each. A number that a rule of the GC3 table has, too, is the
//! same rule in the words of this dialect.
//!
//! The normative text is `spec-vectors/muc/PROFILE.md`. Every rule has at least one vector in `spec-vectors/muc/`.

crate::rules! { "muc";
    J1 "J1" "PROFILE#entering; XEP-0045 §7.2.7" "An outcast is refused with a presence error `auth/forbidden`.";
    J2 "J2" "PROFILE#entering; XEP-0045 §7.2.6" "Whoever is not on the list of a members-only room is refused with a presence error `auth/registration-required`.";
    J4 "J4" "PROFILE#entering; XEP-0045 §7.2.8" "A nickname that another account holds, online or not, is refused with a presence error `cancel/conflict`.";
    J5 "J5" "PROFILE#entering; XEP-0045 §7.2.2, §17.3" "A session that is in and enters again is sent everything as if it had just entered, and others hear only what is new.";
    J6 "J6" "PROFILE#entering; XEP-0045 §7.2.9" "A full room refuses everybody but admins and owners with a presence error `wait/service-unavailable`.";
    J9 "J9" "PROFILE#entering; XEP-0045 §7.2.5" "A missing or wrong password is refused with a presence error `auth/not-authorized`.";
    J10 "J10" "PROFILE#dialects; XEP-0045 §7.2.3; our" "An account is one participant with one nickname in every dialect, and who enters under another nickname is in under the account's, with status 210.";
    J12 "J12" "PROFILE#entering; our" "The checks of an entry run in one fixed order, the first that fails answers, and a refusal changes nothing.";
    N1 "N1" "PROFILE#nicknames; XEP-0045 §7.6" "A new nickname is told by unavailable presence of the old one with status 303 and the new nickname, and then by presence of the new one.";
    N2 "N2" "PROFILE#nicknames; XEP-0045 §7.6" "A new nickname that another account holds is refused with a presence error `cancel/conflict`, and the old one stays.";
    N3 "N3" "PROFILE#nicknames; XEP-0045 §17.1; our" "A nickname that is empty, invisible, too long, begins with a hyphen or holds control characters is refused with a presence error `modify/not-acceptable`.";
    P4 "P4" "PROFILE#who-is-there; our" "Participants without a session are shown as available, extended away and idle since they were last seen.";
    P7 "P7" "PROFILE#sessions; XEP-0045 §7.2.8; our" "An account may be in from several devices under one nickname, and others see the presence of the best of them.";
    P8 "P8" "PROFILE#entering; XEP-0045 §7.1, §7.2.2" "Who enters is sent the presence of all others, then its own with status 110, then the history, then the subject, then what happens.";
    P10 "P10" "PROFILE#leaving; our" "Unavailable presence to the room's bare address ends the session of that full JID, too.";
    P11 "P11" "PROFILE#sessions; XEP-0045 §7.2.18" "Presence without the element that joins, from a full JID that has no session, is answered by unavailable presence with the status codes 110, 307 and 333.";
    P12 "P12" "PROFILE#entering; XEP-0045 §7.2.1" "A presence that would enter without a nickname is refused with a presence error `modify/jid-malformed`.";
    S1 "S1" "PROFILE#entering; XEP-0045 §7.2.3, §7.2.12" "The first presence of oneself warns by status 100 that everybody sees real JIDs, and by status 170 that there is an archive.";
    U1 "U1" "PROFILE#presence; XEP-0045 §7.7" "New presence of an occupant is passed on to all others as it was sent, without what only the room may say, and back with status 110.";
    X1 "X1" "PROFILE#leaving; XEP-0045 §7.14" "Who leaves, and all others, get unavailable presence with the role none, the leaver with status 110.";
    X2 "X2" "PROFILE#removal; XEP-0045 §8.2, §9.1, §10.2.1" "Whoever is removed is shown as unavailable with the status code that says why: 301 banned, 307 kicked, 321 by the access list, 322 by the configuration.";
    W1 "W1" "PROFILE#messages; XEP-0045 §7.4" "A message to the room reaches every occupant from the room's address with the author's nickname, under the id that the author gave it.";
    T1 "T1" "PROFILE#subject; XEP-0045 §7.2.15" "After the history comes the subject, empty where there is none.";
    M14 "M14" "PROFILE#history; our" "The last 50 archived messages, at most 256 KiB of them, are the room's own, so that history never waits for the archive.";
    G6_6 "G6.6" "PROFILE#private-messages; XEP-0045 §7.5" "A private message to somebody who is in by presence only goes to each of its sessions, from the sender's occupant address.";
    G7_8 "G7.8" "PROFILE#history; XEP-0045 §7.2.13, §7.2.14" "History is sent oldest first, each message delayed by the room, as much as fulfils all limits that the client named.";
    G9_8 "G9.8" "PROFILE#requests; XEP-0045 §17.4; our" "A request for an occupant's vCard or avatar goes to its account from the service's domain, and the answer loses the address.";
    V2 "V2" "PROFILE#requests; XEP-0045 §17.4; our" "A request of one occupant to another is forwarded with both addresses changed, but for what only one's own server may be asked, which is `cancel/not-allowed`.";
    P6 "P6" "PROFILE#ghosts; XEP-0045 §11.1, §18.1.2; our" "A session that an error shows to be gone ends, and others are told with status 333.";
    C2 "C2" "PROFILE#configuration; XEP-0045 §10.2.1" "A change of the configuration is told to occupants by the status codes 104, 170, 171, 172 and 173.";
    R1 "R1" "PROFILE#roles; XEP-0045 §8.3, §8.4, §9.3, §9.6" "A new role or affiliation is told to all by presence with the new role and affiliation.";
    X3 "X3" "PROFILE#removal; XEP-0045 §10.9" "The end of a room is told to each occupant by its own unavailable presence, with the reason and the other address.";
    X4 "X4" "PROFILE#removal; XEP-0045 §11.2" "When the service shuts down each occupant is told by its own unavailable presence with status 332.";
    W2 "W2" "PROFILE#messages; XEP-0425 §4; our" "A moderation names the moderator by occupant address to those who address people by name.";
    D1 "D1" "PROFILE#service-discovery; XEP-0045 §6.3, §6.5; our" "The feature of XEP-0045 is offered where rooms are entered by it, and occupants are listed to occupants by occupant address.";
    D2 "D2" "PROFILE#service-discovery; XEP-0502" "A room that is listed, open and persistent tells how many messages are sent in an hour, by the whole hours of the last day.";
    G10_1 "G10.1" "PROFILE#names; RFC 7622 §3.4; our" "A nickname that is no resource, or another's name, is addressed by what of it is one, made unique by four characters of the participant ID.";
    G10_3 "G10.3" "PROFILE#who-is-there; our" "Where the list is for moderators, other occupants are shown the moderators and themselves, and get all messages.";
    G10_4 "G10.4" "PROFILE#crowds; our" "In a room of more than 5000 participants an occupant is shown the moderators, those who spoke last, and itself, and the room says so.";
    A1 "A1" "PROFILE#avatar; XEP-0486 §3" "Owners set the room's picture as a vCard, which everybody may read who may know the room, and each change is told with status 104.";
    A2 "A2" "PROFILE#avatar; XEP-0486 §3.1, §6" "A picture from anybody else is refused with `auth/forbidden`, and what is too large or no picture with `modify/policy-violation` and `modify/bad-request`.";
}
