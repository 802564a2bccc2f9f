//! The rules of an account at its own server, one sentence each. The text: `spec-vectors/account/PROFILE.md`.

crate::rules! { "account";
    D1 "D1" "PROFILE#joining; New MUC draft, MUC2-PAM" "A session's request to its account to join a muc2 room is sent on in the account's name, and the room's answer is reflected.";
    D2 "D2" "PROFILE#discovery; New MUC draft, MUC2-PAM" "Service discovery at the account names `urn:xmpp:muc:pam:0` and `urn:xmpp:gc3:0:pam`.";
    D3 "D3" "PROFILE#copies; New MUC draft, MUC2-PAM" "A groupchat message to the account from a room on its list is a member copy and is never bounced.";
    D3_1 "D3.1" "PROFILE#copies; our" "For ten minutes after a room went off the list its groupchat messages are still member copies.";
    D4 "D4" "PROFILE#list; GC3 draft, Joining a channel; our" "The rooms that the account is in are a list that its own sessions read, and nobody else.";
    D4_1 "D4.1" "PROFILE#list; XEP-0060 §7.1.2; our" "Every change of the list is told at once to each session that has read it or wants it.";
    D4_2 "D4.2" "PROFILE#list; GC3 draft, Joining a channel; our" "A session that joined at the room itself publishes the room into the list.";
    D4_3 "D4.3" "PROFILE#list; XEP-0060 §7.2; our" "A session retracts a room from the list, and with it goes what the account had approved.";
    D4_4 "D4.4" "PROFILE#limits; our" "A full list refuses joins and new entries with `wait/resource-constraint`.";
    G1 "G1" "PROFILE#joining; GC3 draft, heading only; our" "A session's request to its account to join a gc3 room is sent on with its form, and the room's answer is reflected.";
    G2 "G2" "PROFILE#joining; GC3 draft, heading only; our" "A session's request to its account to create a room is sent on to the service with its form, and the answer is reflected.";
    G3 "G3" "PROFILE#leaving; GC3 draft, heading only; our" "Leaving takes the room off the list first, withdraws the approval, is answered at once, and then the room is told.";
    G3_1 "G3.1" "PROFILE#leaving; our" "A leave that a session sends to a room itself takes the room off the list before it passes.";
    G3_2 "G3.2" "PROFILE#leaving; our" "A leave without an answer is repeated after a minute, then with doubled pauses of at most an hour, for 24 hours.";
    G3_3 "G3.3" "PROFILE#leaving; our" "A leave beats joins that are not answered yet, which are refused with `cancel/conflict`.";
    G4 "G4" "PROFILE#leaving; our" "A join takes back a leave that is not answered yet.";
    G5 "G5" "PROFILE#leaving; our" "An `unsubscribe` of a room on the list says that the account is not in it any more.";
    G5_1 "G5.1" "PROFILE#leaving; our" "Unavailable presence with the role none and status 110, from a muc2 room on the list to the bare JID, says the same.";
    J13 "J13" "PROFILE#approval; GC3 draft, Joining a channel; our" "A subscription request of a room that the account joined through this list is approved, and no other.";
    J13_A "J13.a" "PROFILE#approval; our" "An answer whose subscription-jid is not a bare JID with a localpart on the domain that was asked is a failed join.";
    J13_B "J13.b" "PROFILE#approval; our" "A subscription request from whom no join was asked is the user's to decide.";
    J13_C "J13.c" "PROFILE#approval; our" "A subscription request of a roster contact with a name or a group is never approved, and the join that it would belong to has failed.";
    J13_D "J13.d" "PROFILE#approval; our" "A subscription request that may belong to an open join is kept for a minute and judged when the answer comes.";
    J13_E "J13.e" "PROFILE#approval; our" "After a failed join both addresses are told to leave, and nothing is approved.";
    E1 "E1" "PROFILE#abuse; our" "A room that does not answer in 30 seconds is answered for with `wait/remote-server-timeout`, and the join is undone by a leave.";
    E2 "E2" "PROFILE#abuse; our" "Only the address that was asked answers, once; any other answer changes nothing.";
    E3 "E3" "PROFILE#abuse; our" "A request that cannot be read, or that names no room, is refused with `modify/bad-request`.";
    E4 "E4" "PROFILE#limits; our" "Joins beyond ten a minute are refused with `wait/policy-violation`, and beyond sixteen without an answer with `wait/resource-constraint`.";
    E5 "E5" "PROFILE#joining; our" "A join whose asker is gone when the answer comes stands, and the list tells it.";
    E6 "E6" "PROFILE#composition; our" "What is not the account's business passes unchanged.";
}
