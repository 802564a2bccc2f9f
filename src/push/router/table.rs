//! The rules of the user's server's side of push, one sentence each.
//!
//! The normative text, with the wire format and the reasons, is `spec-vectors/push-router/PROFILE.md`; the anchors point
//! there. An anchor that ends in `our` marks a choice that no specification has made.

crate::rules! { "push-router";
    MC1 "MC1" "PROFILE#copies; our" "A message of type groupchat to the account's bare JID from a room of the room set is a member copy, and the router claims it.";
    MC2 "MC2" "PROFILE#room-set; our" "The room set holds the rooms that the account joined, registered in, bookmarked with autojoin or has a session in now, each ground by the account's own act, and keeps a room ten minutes after the last.";
    MC3 "MC3" "PROFILE#copies; XEP-0409 §3; our" "A groupchat message to the bare JID that is no member copy is an error, also where the account has IM-NG sessions.";
    MC4 "MC4" "PROFILE#copies; XEP-0313 §5.1; our" "Of a member copy only a pointer is kept: the last stanza-id and how many are unread; it is never bounced, stored, archived or carboned.";
    MC5 "MC5" "PROFILE#live; our" "A session has a room live from the moment its own join or subscription was answered, until it ends.";
    MC6 "MC6" "PROFILE#copies; our" "A message is a copy once per room and stanza-id, whatever brings it again.";

    P1 "P1" "PROFILE#copies; RFC 6121 §8.5.2" "A groupchat message to the bare JID from no room of the room set is answered with `cancel/service-unavailable` and never pushes.";
    P2 "P2" "PROFILE#copies; XEP-0191 §3.5" "A blocked sender's message is answered with `cancel/service-unavailable`, before all else.";
    P3 "P3" "PROFILE#copies; XEP-0359 §3.2; our" "A member copy without the room's own stanza-id is dropped: it could never be told from a repetition.";
    P4 "P4" "PROFILE#copies; XEP-0421 §3; our" "What the account wrote itself, by occupant id or else by nickname, goes to its other sessions and never pushes.";
    P5 "P5" "PROFILE#copies; our" "A session that got the message live does not get the copy.";
    P6 "P6" "PROFILE#live; XEP-0198 §5; our" "A session that has the room live gets no copy, and what it never acknowledged is tested for its device when the session is lost.";
    P7 "P7" "PROFILE#copies; our" "A session without the room live gets the copy as it was addressed if it speaks IM-NG or is capable.";
    P7_1 "P7.1" "PROFILE#copies; XEP-0437 §3; our" "A session that asked the room's service for indications of activity gets those, and no copy.";
    P8 "P8" "PROFILE#copies; our" "A session that has not the room live, speaks no IM-NG and is not capable gets nothing.";
    P9 "P9" "PROFILE#push-test; our" "A registration whose device is connected never pushes.";
    P10 "P10" "PROFILE#push-test; XEP-0198 §5; our" "A device whose session is hibernated is tested for every message that its session or a copy brings, and the copy and the live message are one.";
    P11 "P11" "PROFILE#push-test; XEP-0352 §4; our" "A device that is connected but inactive is not pushed.";
    P12 "P12" "PROFILE#grace; Push 2.0, Client registers" "While another session was active within the grace, a push waits until the grace is over, and is not sent if the message was displayed meanwhile.";
    P13 "P13" "PROFILE#push-test; our" "A message that says nothing to a person, an error and a headline never push.";

    T1 "T1" "PROFILE#push-test; Tigase muted filter" "A chat that the registration muted does not push.";
    T1_1 "T1.1" "PROFILE#push-test; Tigase ignore-unknown filter" "A sender who is not in the roster does not push to a registration that ignores strangers.";
    T2 "T2" "PROFILE#push-test; Tigase groupchat filter" "A registration with a list of rooms is pushed for those that it allows, always or by mention.";
    T3 "T3" "PROFILE#push-test; Push 2.0, Client registers" "A registration of Push 2.0 that filters a chat is pushed for the mentions and replies that it names, and for nothing if it names none.";
    T3_1 "T3.1" "PROFILE#push-test; Push 2.0, Match profiles" "A message that none of a registration's match profiles means does not push: a copy is never in the user's archive.";
    T4 "T4" "PROFILE#push-test; XEP-0492 §3" "Without a filter of its own, a registration follows the chat's setting for its kind of client, and without a setting: always in private rooms and with contacts, on mention in public rooms.";
    T5 "T5" "PROFILE#push-test; XEP-0513; XEP-0372; XEP-0461; our" "On mention means: named by a mention, a reference or a reply, or by the nickname as a word.";
    T6 "T6" "PROFILE#push-test; our" "On mention, an encrypted message that names nobody in clear pushes with low priority and no content.";
    T7 "T7" "PROFILE#push-test; XEP-0490 §3" "What another device displayed does not push, and what was to be pushed for it is called off.";
    T8 "T8" "PROFILE#coalescing; our" "One push for a chat stands for all its messages until the device connects or the chat is displayed.";
    T8_1 "T8.1" "PROFILE#coalescing; our" "A mention or a call raises the priority of a push that stands, once.";
    T8_2 "T8.2" "PROFILE#coalescing; our" "Mentions raise the priority once in ten minutes for a room and six times an hour for an account; beyond, a mention is a message like any.";
    T8_3 "T8.3" "PROFILE#coalescing; Push 2.0, older text" "A registration with a limit is pushed so often until its device connects.";

    M1 "M1" "PROFILE#mentions; XEP-0452 §3.2; our" "A mention that a room of the room set forwards in a normal message pushes as a mention, once with its copy.";
    M2 "M2" "PROFILE#mentions; XEP-0452 §4" "A forwarded mention whose sender is not the room of the message inside is ignored.";
    C1 "C1" "PROFILE#contacts; XEP-0492 §3" "A message of one person to the account is tested as a copy is, for every device without a session.";

    E1 "E1" "PROFILE#registrations; XEP-0357 §5" "Enabling answers with an empty result, and the same service and node again replaces options and filters.";
    E2 "E2" "PROFILE#registrations; XEP-0357 §5; our" "A request that names no service, or one that is no JID, or no client or match, is refused with `modify/bad-request`.";
    E3 "E3" "PROFILE#registrations; our" "A service at the account itself or at one session of a local account is refused with `cancel/not-allowed`.";
    E4 "E4" "PROFILE#registrations; XEP-0357 §5" "Publish options that are no such form are refused with `modify/bad-request`.";
    E5 "E5" "PROFILE#limits; our" "A registration beyond what one account may have is refused with `wait/resource-constraint`.";
    E6 "E6" "PROFILE#limits; our" "A request that is too long or has too many filters is refused with `modify/policy-violation`.";
    E7 "E7" "PROFILE#registrations; Push 2.0, Match and send profiles; our" "A match or send profile that is not known here is refused with `cancel/feature-not-implemented`.";
    E8 "E8" "PROFILE#registrations; XEP-0357 §6" "Disabling a service and node ends that registration, and without a node all of that service, and answers with a result, also where there was none.";
    E9 "E9" "PROFILE#registrations; Push 2.0, Client disables" "Disabling Push 2.0 ends the registration of the device that asks.";
    E10 "E10" "PROFILE#registrations; our" "A device that enables again by another address has one registration: the new one.";
    E11 "E11" "PROFILE#registrations; our" "A request of type get is refused with `modify/bad-request`.";

    X1 "X1" "PROFILE#publishing; XEP-0357 §7" "A publish comes from the server's domain, has an id of its own, and a success ends what failed before.";
    X2 "X2" "PROFILE#publishing; XEP-0357 §7.1; Push 2.0, Transient delivery errors" "After an error of type wait, or silence for a minute, the registration waits and tries again, twice as long each time.";
    X3 "X3" "PROFILE#publishing; XEP-0357 §7.1" "An error that says that the target is gone or refuses disables the registration at once.";
    X4 "X4" "PROFILE#publishing; XEP-0357 §7.1; our" "Other errors disable a registration when there were sixteen in a row.";
    X5 "X5" "PROFILE#publishing; our" "A notification that was tried six times is given up.";
    X6 "X6" "PROFILE#publishing; our" "An answer that nobody waits for, or that comes from elsewhere, is ignored.";
    X7 "X7" "PROFILE#publishing; our" "With four publishes unanswered, the next waits for an answer.";
    X8 "X8" "PROFILE#publishing; our" "Two pushes to one registration are two seconds apart, unless the second has high priority.";
    X9 "X9" "PROFILE#publishing; our" "The account sends sixty pushes a minute at the most; what is more waits.";
    X10 "X10" "PROFILE#publishing; Push 2.0, Transient delivery errors" "A registration for which nothing succeeded for 72 hours is disabled.";
    X11 "X11" "PROFILE#publishing; XEP-0357 §8" "A push service that takes the right to publish away ends the registration.";
    X12 "X12" "PROFILE#publishing; XEP-0357 §6" "A disabled registration gets nothing until it is enabled again.";

    N1 "N1" "PROFILE#content; XEP-0357 §10; our" "A notification says how many messages are unread and nothing else.";
    N2 "N2" "PROFILE#content; XEP-0357 §10; our" "Author and body are told only if the server's operator and the user allow it, and from a room that may hide real JIDs only if the user chose it.";

    S1 "S1" "PROFILE#limits; our" "A session beyond 64 is not looked after.";
    S2 "S2" "PROFILE#limits; our" "What is told about a session that is not looked after is ignored.";
    S3 "S3" "PROFILE#limits; our" "A room beyond what is remembered is not taken into the room set.";
    S5 "S5" "PROFILE#limits; our" "With too many contacts the one that was looked at longest ago is forgotten, and what it is owed goes out at once.";
    S4 "S4" "PROFILE#limits; our" "Of a block list only the first 4096 entries are kept.";
}
