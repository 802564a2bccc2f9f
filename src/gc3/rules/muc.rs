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
}
