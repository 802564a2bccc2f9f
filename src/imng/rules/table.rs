//! The rules of an account's routing, one sentence each.
//!
//! The normative text, with the tables and the reasons, is `spec-vectors/imng/PROFILE.md`; the anchors point there. Every
//! rule has at least one vector in `spec-vectors/imng/`. An anchor that ends in `our` marks a choice that no
//! specification has made.

crate::rules! { "imng";
    N1 "N1" "PROFILE#nobody; RFC 6121 §8.5.1" "A message to an account that does not exist is answered with `cancel/service-unavailable`.";
    N2 "N2" "PROFILE#nobody; RFC 6120 §8.3.1" "An error to an account that does not exist is ignored.";
    N3 "N3" "PROFILE#nobody; RFC 6121 §8.5.1" "A presence to an account that does not exist is ignored.";
    N4 "N4" "PROFILE#nobody; RFC 6121 §8.5.1" "A request to an account that does not exist is answered with `cancel/service-unavailable`.";
    N5 "N5" "PROFILE#nobody; RFC 6120 §8.2.3" "The answer to a request is ignored where the account does not exist.";

    B1 "B1" "PROFILE#bare; RFC 6121 §8.5.2.1.1" "A message to the bare JID goes to the most available sessions: all of the highest priority that is not negative.";
    B2 "B2" "PROFILE#bare; RFC 6121 §8.5.2.1.1" "By the switch deliver-to-all a message to the bare JID goes to every session whose priority is not negative.";
    B3 "B3" "PROFILE#bare; RFC 6121 §8.5.2.1.1" "A session with a negative priority never gets a message that was sent to the bare JID.";
    B4 "B4" "PROFILE#bare; RFC 6121 §8.5.2.2" "To a message for the bare JID, a session that has sent no presence is not there.";
    B5 "B5" "PROFILE#bare; RFC 6121 §8.5.2" "A groupchat message to the bare JID from outside the room set is answered with `cancel/service-unavailable`, whatever sessions there are.";
    B6 "B6" "PROFILE#bare; RFC 6121 §8.5.2.1.1" "A headline to the bare JID goes to every session whose priority is not negative.";
    B7 "B7" "PROFILE#bare; RFC 6121 §8.5.2.2.1" "A headline to the bare JID that no session may get is ignored.";
    B8 "B8" "PROFILE#bare; RFC 6121 §8.5.2" "A message of type error to the bare JID is ignored.";

    F1 "F1" "PROFILE#full; RFC 6121 §8.5.3.1" "A message to the full JID of a session is delivered to it, whatever its type, its priority and its presence.";

    U1 "U1" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "A message of type normal to a full JID that no session has is answered with `cancel/service-unavailable`, unless somebody gets it by another rule.";
    U2 "U2" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "By the switch normal-to-unmatched-as-bare a message of type normal to a full JID that no session has is treated as if it were for the bare JID.";
    U3 "U3" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "A groupchat message to a full JID that no session has is answered with `cancel/service-unavailable`: the room learns that the session is gone.";
    U4 "U4" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "A headline to a full JID that no session has is ignored.";
    U5 "U5" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "A chat message to a full JID that no session has is treated as if it were for the bare JID.";
    U6 "U6" "PROFILE#unmatched; RFC 6121 §8.5.3.2.1" "A message of type error to a full JID that no session has is ignored.";

    P1 "P1" "PROFILE#presence; RFC 6121 §8.5.2.1.2" "A presence to the bare JID goes to every available session, whatever its priority, and its `to` stays.";
    P2 "P2" "PROFILE#presence; RFC 6121 §8.5.2.2.2" "A presence to the bare JID that no session may get is ignored and not stored.";
    P3 "P3" "PROFILE#presence; RFC 6121 §3" "A presence that is about a subscription is the roster's business, and the host's.";
    P4 "P4" "PROFILE#presence; RFC 6121 §4.3" "A probe is the roster's business, and the host's.";
    P5 "P5" "PROFILE#presence; RFC 6121 §8.5.3.1" "A presence to the full JID of a session is delivered to it.";
    P6 "P6" "PROFILE#presence; RFC 6121 §8.5.3.2" "A presence to a full JID that no session has is ignored.";
    P7 "P7" "PROFILE#presence; RFC 6120 §8.3.1; our" "A presence of type error that is for no session in particular is ignored.";
    P8 "P8" "PROFILE#presence; RFC 6121 §4.2" "A session's presence without `to` says whether it is available and with which priority, and the host broadcasts it.";
    P9 "P9" "PROFILE#presence; RFC 6121 §4.6" "A directed presence is sent on, and its addressee may send requests to the session until it ends.";

    Q1 "Q1" "PROFILE#requests; RFC 6121 §8.5.2" "A ping to the bare JID is answered by the server, for those who may see the account's presence.";
    Q2 "Q2" "PROFILE#requests; XEP-0030 §8" "What the account is, and which features it has, is told to its own sessions and to those who may see its presence.";
    Q3 "Q3" "PROFILE#requests; our" "A request of an own session in a namespace that the host answers goes to the host, and so does one from outside.";
    Q4 "Q4" "PROFILE#requests; RFC 6121 §8.5.2" "A request to the bare JID that the server does not know, or does not answer to this asker, is answered with `cancel/service-unavailable` and never delivered.";
    Q5 "Q5" "PROFILE#requests; RFC 6120 §8.2.3" "The answer to a request, at the bare JID or at a full JID that no session has, is ignored.";
    Q6 "Q6" "PROFILE#requests; RFC 6121 §8.5.3.1" "A request to the full JID of a session is delivered if its sender may see that session: by subscription, by directed presence, or as the account or its server.";
    Q7 "Q7" "PROFILE#requests; RFC 6121 §8.5.3.1" "A stranger's request to the full JID of a session is not delivered and answered with `cancel/service-unavailable`.";
    Q8 "Q8" "PROFILE#requests; RFC 6121 §8.5.3.1" "By the switch deliver-iq-from-strangers a stranger's request to the full JID of a session is delivered.";
    Q9 "Q9" "PROFILE#requests; RFC 6121 §8.5.3.2" "A request to a full JID that no session has is answered with `cancel/service-unavailable`.";
    Q10 "Q10" "PROFILE#requests; RFC 6121 §8.5.3.1" "The answer to a request is delivered to the session that it names.";

    X1 "X1" "PROFILE#sending; RFC 6120 §8.1.2.1" "What a session sends to others is sent on in the name of its full JID.";
    X2 "X2" "PROFILE#sending; RFC 6120 §10.3.1" "A message without `to` is treated as if it were for the sender's own bare JID.";
    X3 "X3" "PROFILE#sending; RFC 6120 §4.9.3.9" "A session that speaks in another's name loses its stream with `invalid-from`.";
    X4 "X4" "PROFILE#own; our" "A message to the own account is kept once, reaches each other session at most once, and copies of it are `sent` copies.";

    C1 "C1" "PROFILE#carbons; XEP-0280 §4" "A session that enables carbons gets a result, however often it asks.";
    C2 "C2" "PROFILE#carbons; XEP-0280 §5" "A session that disables carbons gets a result, however often it asks.";
    C3 "C3" "PROFILE#carbons; XEP-0280 §4; our" "A request for carbons that is not of type set is answered with `modify/bad-request`.";
    C4 "C4" "PROFILE#carbons; XEP-0280 §4.1" "A request for carbons from anybody but the account's own sessions is answered with `cancel/not-allowed`.";
    C5 "C5" "PROFILE#carbons; XEP-0280 §6.1" "A chat message is copied, whatever it holds.";
    C6 "C6" "PROFILE#carbons; XEP-0280 §6.1" "A message of type normal with a body is copied.";
    C7 "C7" "PROFILE#carbons; XEP-0280 §6.1" "A message with a receipt, a chat state or a marker is copied.";
    C8 "C8" "PROFILE#carbons; XEP-0280 §6.1" "An error is copied if what it answers was a message that is copied.";
    C9 "C9" "PROFILE#carbons; XEP-0280 §6.1" "An invitation, direct or mediated, is copied.";
    C10 "C10" "PROFILE#carbons; XEP-0280 §6.1" "A private message that a session sends to a room is copied to the sessions that have the same nickname there, and to no others.";
    C11 "C11" "PROFILE#carbons; XEP-0280 §6.1" "A groupchat message is not copied.";
    C12 "C12" "PROFILE#carbons; XEP-0280 §6.1" "A private message that comes from a room is not copied: the room writes to each session in it.";
    C13 "C13" "PROFILE#carbons; XEP-0280 §9" "A message with `private` is not copied, on neither side.";
    C14 "C14" "PROFILE#carbons; XEP-0280 §6.1" "A headline, or a message of type normal without anything for people, is not copied.";
    C15 "C15" "PROFILE#carbons; XEP-0280 §9; XEP-0334 §4.3" "The hint `no-copy` alone does not keep a message from being copied.";
    C16 "C16" "PROFILE#carbons; XEP-0280 §10.3" "An error from an own session to the account, such as a copy that bounces, goes to nobody.";
    C17 "C17" "PROFILE#carbons; XEP-0280 §6.1; our" "An error that answers nothing that was copied is not copied.";
    C18 "C18" "PROFILE#carbons; our" "By the switch only-available-get-copies a session that has sent no presence gets no copies.";

    I1 "I1" "PROFILE#im-ng; XEP-0409 §4" "A message of type normal, chat or headline to the bare JID goes to all sessions with IM-NG, whatever their priority.";
    I2 "I2" "PROFILE#im-ng; XEP-0409 §3.2" "A session that enables IM-NG gets a result, and its carbons end.";
    I3 "I3" "PROFILE#im-ng; XEP-0409 §4" "A session with IM-NG that asks for carbons is refused with `auth/forbidden`.";
    I4 "I4" "PROFILE#im-ng; XEP-0409 §4" "An unmarked message of type normal or chat to a full JID goes to all sessions with IM-NG too.";
    I5 "I5" "PROFILE#im-ng; XEP-0409 §4; our" "A private message from a room goes to the session that it names and to no other.";
    I6 "I6" "PROFILE#im-ng; XEP-0409 §3.3" "A message with the mark `im-ng` goes to the session that it names and to no other.";
    I7 "I7" "PROFILE#im-ng; XEP-0409 §3.3" "A message with the mark `im-ng` to a full JID that no session has is answered with `cancel/service-unavailable`.";
    I8 "I8" "PROFILE#im-ng; XEP-0409 §3.3, §4; our" "What a session sends to a bare JID is reflected to all sessions with IM-NG, itself included, as it stands in the archive.";
    I9 "I9" "PROFILE#im-ng; XEP-0409 §4; our" "A groupchat message is not reflected: the room does that.";
    I10 "I10" "PROFILE#im-ng; XEP-0409 §4" "An unmarked error to a full JID goes to all sessions with IM-NG.";
    I11 "I11" "PROFILE#im-ng; our" "By the switch only-available-get-copies a session with IM-NG that has sent no presence gets only what names it.";
    I12 "I12" "PROFILE#im-ng; XEP-0409 §3.2; our" "A request for IM-NG that is not a set with `enable`, or not of an own session, is refused.";

    M1 "M1" "PROFILE#member-copies; our" "A groupchat message to the bare JID from a room of the room set is a member copy: the push router decides, and it is neither stored, archived, copied nor answered.";
    M2 "M2" "PROFILE#member-copies; our" "A member copy goes to the sessions that the push router names, as it was addressed.";
    M3 "M3" "PROFILE#member-copies; our" "A session that the push router names and that is gone gets nothing.";

    O1 "O1" "PROFILE#offline; XEP-0160 §2" "A message of type normal or chat that no session may get is kept for later.";
    O2 "O2" "PROFILE#offline; XEP-0160 §3" "A message of nothing but a chat state is not kept, and answered with `cancel/service-unavailable`.";
    O3 "O3" "PROFILE#offline; XEP-0334 §4.2" "A message with the hint `no-store` is not kept, and answered with `cancel/service-unavailable`.";
    O4 "O4" "PROFILE#offline; XEP-0334 §4.4" "A message with the hint `store` is kept, whatever it holds.";
    O5 "O5" "PROFILE#offline; XEP-0160 §2" "When as many messages are kept as may be, the next is answered with `cancel/service-unavailable`.";
    O6 "O6" "PROFILE#offline; XEP-0160 §2" "The next session whose priority is not negative, at its first presence or raised from below, is given what is kept.";
    O7 "O7" "PROFILE#offline; XEP-0160 §2; XEP-0203 §2" "What was kept is delivered once, in order, to one session, with the time at which it came.";
    O8 "O8" "PROFILE#offline; our" "What was kept and finds nobody any more is kept again, with its first time.";
    O9 "O9" "PROFILE#offline; our" "A message that is not kept is not answered with an error if a session got it.";

    A1 "A1" "PROFILE#archive; XEP-0313 §5.1.1" "A message of type normal or chat with a body is archived once, however many get it, and all of them see its one id.";
    A2 "A2" "PROFILE#archive; XEP-0334 §4.4" "A message with the hint `store` that is no error is archived, whatever it holds.";
    A3 "A3" "PROFILE#archive; XEP-0334 §4.1, §4.2" "A message with the hint `no-store` or `no-permanent-store` is not archived.";
    A4 "A4" "PROFILE#archive; XEP-0313 §5.1.1" "A headline, an error, or a message without a body is not archived.";
    A5 "A5" "PROFILE#archive; XEP-0409 §4" "What goes to all sessions with IM-NG is archived, also without a body.";
    A6 "A6" "PROFILE#archive; XEP-0409 §4" "What is marked `im-ng` is not archived.";
    A7 "A7" "PROFILE#archive; XEP-0313 §5.1.1; our" "A groupchat message is not put into the account's archive: the room has one.";
    A8 "A8" "PROFILE#archive; XEP-0359 §3; XEP-0203 §4" "A stanza-id in the account's name and a delay in its server's name are taken out of what others send.";

    K1 "K1" "PROFILE#blocking; XEP-0191 §3.3" "A message from a blocked address is answered with `cancel/service-unavailable`.";
    K2 "K2" "PROFILE#blocking; XEP-0191 §3.3" "A presence from a blocked address is dropped without an answer.";
    K3 "K3" "PROFILE#blocking; XEP-0191 §3.3" "A request from a blocked address is answered with `cancel/service-unavailable`.";
    K4 "K4" "PROFILE#blocking; XEP-0191 §3.3" "The answer to a request, or an error, from a blocked address is dropped.";
    K5 "K5" "PROFILE#blocking; XEP-0191 §3.3" "What a session sends to a blocked address is not sent, and answered with `cancel/not-acceptable` and `blocked`.";
    K6 "K6" "PROFILE#blocking; XEP-0191 §3.2" "A session that asks is told the block list, and hears of changes from then on.";
    K7 "K7" "PROFILE#blocking; XEP-0191 §3.3" "A session blocks addresses, and all sessions that asked for the list are told.";
    K8 "K8" "PROFILE#blocking; XEP-0191 §3.4" "A session unblocks addresses, and all sessions that asked for the list are told.";
    K9 "K9" "PROFILE#blocking; XEP-0191 §3.5" "A session unblocks everybody, and all sessions that asked for the list are told.";
    K10 "K10" "PROFILE#blocking; XEP-0191 §3.3" "A block without an address, or with what is none, is answered with `modify/bad-request` or `modify/jid-malformed`.";
    K11 "K11" "PROFILE#blocking; XEP-0191 §5; our" "The own account cannot be blocked: `cancel/not-allowed`.";
    K12 "K12" "PROFILE#blocking; our" "A block list above its bound is refused with `wait/resource-constraint`.";

    T1 "T1" "PROFILE#route; our" "By `mode='all'` a message of type normal goes to every session whose priority is not negative.";
    T2 "T2" "PROFILE#route; our" "By `mode='one'` a message of type normal goes to one session, the most available, and to no other.";
    T3 "T3" "PROFILE#route; our" "By `mode='first'` a message of type normal goes to one session, one that somebody looks at before one that nobody does.";
    T4 "T4" "PROFILE#route; our" "By `mode='store-only'` a message of type normal is kept for later, whoever is there.";
    T5 "T5" "PROFILE#route; our" "By `fallback='all'` a message of type normal whose device is gone is treated as if it were for the bare JID.";
    T6 "T6" "PROFILE#route; our" "By `fallback='error'` a message of type normal that reaches nobody is answered with `cancel/service-unavailable`.";
    T7 "T7" "PROFILE#route; our" "By `fallback='store'` a message of type normal that reaches nobody is kept for later.";
    T8 "T8" "PROFILE#route; our" "By `fallback='drop'` a message of type normal that reaches nobody is dropped.";
    T9 "T9" "PROFILE#route; our" "Where `route` and a hint disagree about keeping a message, the hint counts.";

    G1 "G1" "PROFILE#gone; XEP-0198 §6" "A message that a session never acknowledged goes to the others that have not seen it, or is kept for later.";
    G2 "G2" "PROFILE#gone; our" "A message that a session never acknowledged is not sent again where another session with carbons or IM-NG has seen it.";
    G3 "G3" "PROFILE#gone; XEP-0198 §6" "A groupchat message that a session never acknowledged is answered with `wait/recipient-unavailable`: the room learns that the session is gone.";
    G4 "G4" "PROFILE#gone; XEP-0198 §6" "A request that a session never acknowledged is answered with `wait/recipient-unavailable`.";
    G5 "G5" "PROFILE#gone; XEP-0198 §6; our" "A presence, a headline, an error, an answer or a copy that a session never acknowledged is dropped.";
    G6 "G6" "PROFILE#gone; XEP-0198 §6" "A session whose connection is lost and may be resumed is addressed as before.";

    W1 "W1" "PROFILE#push; our" "A message for people that comes from outside is shown to the push router, with those who have it already.";

    Z1 "Z1" "PROFILE#limits; our" "A message above its bound in bytes is refused with `modify/policy-violation`.";
    Z2 "Z2" "PROFILE#limits; RFC 6120 §4.9.3.17" "A session above their bound is ended with `resource-constraint`.";
    Z3 "Z3" "PROFILE#bad-input; RFC 6120 §8.3.3.8" "A stanza whose sender is none, or has two spellings, is refused with `modify/jid-malformed`; one without a sender is dropped.";
    Z4 "Z4" "PROFILE#bad-input; RFC 6120 §8.2.3" "A request that is not well formed is answered with `modify/bad-request`.";
    Z5 "Z5" "PROFILE#bad-input; RFC 6121 §4.7" "A presence whose type or priority is none, or which lacks its addressee, is ignored; the own session is told `modify/bad-request`.";
    Z6 "Z6" "PROFILE#bad-input; XEP-0280 §12" "A message that looks like a copy is refused with `modify/bad-request`, whoever sends it: only the server makes copies.";
    Z7 "Z7" "PROFILE#limits; our" "A stanza whose id is above its bound is refused with `modify/policy-violation`.";
    Z8 "Z8" "PROFILE#bad-input; our" "A stanza that comes from outside in the name of an own session is dropped.";
    Z9 "Z9" "PROFILE#bad-input; RFC 6120 §8.3.3.8" "What a session sends to an address that is none is refused with `modify/jid-malformed`.";
    Z10 "Z10" "PROFILE#limits; our" "Beyond their bounds contacts, rooms and addresses of directed presence are not remembered, and the host is told.";
}
