//! The rules of a domain, one sentence each: who is handed what. What accounts and rooms decide has their own rules.
//!
//! The whole text is `spec-vectors/service/PROFILE.md`; the anchors point there. An anchor that ends in `our` marks a
//! choice that no specification has made.

crate::rules! { "service";
    R1 "R1" "PROFILE#routing; RFC 6120 §10.5.3" "What is for an account of the domain is handed to that account.";
    R2 "R2" "PROFILE#routing; RFC 6120 §10.5.4" "What is for the rooms' domain or below it is handed to the rooms.";
    R3 "R3" "PROFILE#routing; RFC 6120 §10.4" "What is for another domain goes to that domain's server.";
    R4 "R4" "PROFILE#routing; RFC 6120 §10.5.4" "What is for the uploads' domain is handed to the upload service.";

    S1 "S1" "PROFILE#servers; RFC 6120 §8.1.2.2" "A server that speaks for a domain for which it did not authenticate loses its stream with `invalid-from`.";
    S2 "S2" "PROFILE#servers; RFC 6120 §4.9.3.7" "A server that sends a stanza without an addressee loses its stream with `improper-addressing`.";
    S3 "S3" "PROFILE#servers; our" "What another server sends for a domain that is not here is not relayed.";

    D1 "D1" "PROFILE#the-domain; XEP-0030 §3" "The domain tells what it is and what it can.";
    D2 "D2" "PROFILE#the-domain; XEP-0030 §4; our" "The domain lists its services and never its accounts.";
    D3 "D3" "PROFILE#the-domain; XEP-0199 §4" "The domain answers pings.";
    D4 "D4" "PROFILE#the-domain; RFC 6121 §8.5.1; our" "What else is asked of the domain or sent to it is answered with `cancel/service-unavailable`.";
    D5 "D5" "PROFILE#the-domain; RFC 6120 §8.3.1; our" "Presence for the domain, and answers that nobody waits for, are dropped.";

    P1 "P1" "PROFILE#presence; RFC 6121 §4.2.2, §4.4.2" "A session's presence goes to the contacts that may see it and to the account's own available sessions.";
    P2 "P2" "PROFILE#presence; RFC 6121 §4.2.2, §4.3.1" "With a session's first presence the contacts whose presence the account sees are asked for theirs.";
    P3 "P3" "PROFILE#presence; RFC 6121 §4.2.2" "A session that becomes available is told of the account's others.";
    P4 "P4" "PROFILE#presence; RFC 6121 §4.3.2.3" "A contact that may see the account and asks is told the presence of each of its sessions.";
    P5 "P5" "PROFILE#presence; RFC 6121 §4.3.2.4" "A contact that may see the account and asks while nobody is there is told `unavailable`.";
    P6 "P6" "PROFILE#presence; RFC 6121 §4.3.2.1" "Whoever asks for the presence of an account and may not see it is told `unsubscribed`.";
    P7 "P7" "PROFILE#presence; RFC 6121 §4.5.2, §4.6.3" "That a session is unavailable is told to all who were told that it is available.";

    M1 "M1" "PROFILE#member-copies; our" "Without a push router a room's member copy goes to all who can read it and do not have the room live.";

    M2 "M2" "PROFILE#member-copies; our" "With a push router, the router names who gets a member copy and which devices are woken.";

    U1 "U1" "PROFILE#push; XEP-0357 §5; our" "A session's request to enable or disable push is answered by its account's push router.";
    U2 "U2" "PROFILE#push; XEP-0357 §7; our" "What a push service answers goes to the account whose publish it answers.";
    U3 "U3" "PROFILE#push; our" "The room set of an account with a push router is the router's, and so is which session has a room live.";

    G1 "G1" "PROFILE#group-chat; New MUC draft, MUC2-PAM" "What a session asks of its account about rooms, and what rooms say to the account, is heard by the account's half of group chat before anybody else.";
    G2 "G2" "PROFILE#group-chat; our" "A room on the list is a ground of the room set, whatever the host says of that room besides.";
    G3 "G3" "PROFILE#group-chat; RFC 6121 §3.1.5; our" "A room whose subscription is approved by the list is told the presence of each available session, and sees the account from then on; the host stores it.";
    G4 "G4" "PROFILE#group-chat; RFC 6121 §3.2.2; our" "A room whose approval is withdrawn is told that each available session is unavailable, then `unsubscribed`, and sees the account no more; the host stores it.";
    G5 "G5" "PROFILE#group-chat; New MUC draft, MUC2-PAM; our" "A member copy of a room that is on the list, or was a moment ago, is never bounced, though the room be in no room set.";
    G6 "G6" "PROFILE#group-chat; XEP-0163 §4; our" "The host, who knows what each client can, says which sessions want every change of the list.";
    G7 "G7" "PROFILE#group-chat; XEP-0191 §3.3; our" "A request to join at an address that the account blocks is refused as if the session had sent it there.";
    G8 "G8" "PROFILE#group-chat; our" "An account that ends leaves its rooms: each is told once.";
    G9 "G9" "PROFILE#group-chat; RFC 6121 §3.1.3; our" "Whose presence the account sees is a person to it: no list of rooms approves of their subscription.";

    A1 "A1" "PROFILE#accounts; our" "With an account its sessions end, and whoever saw them is told.";
    A2 "A2" "PROFILE#accounts; XEP-0504 §3.10" "With an account go the files that it uploaded.";

    L1 "L1" "PROFILE#limits; our" "Beyond the deliveries that one input may cause inside the domain nothing is delivered, and the host is told.";
    L2 "L2" "PROFILE#limits; our" "A stanza that follows from too many others is dropped: something goes in a circle.";
    L3 "L3" "PROFILE#limits; our" "What is too large to be remembered is passed on and not remembered.";
}
