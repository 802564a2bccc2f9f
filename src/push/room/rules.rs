//! The rules of a room's copies, one sentence each. The whole text: `spec-vectors/push-room/PROFILE.md`.

crate::rules! { "push-room";
    R1 "R1" "PROFILE#candidates; our" "Only a message that carries the room's stanza-id is copied.";
    R2 "R2" "PROFILE#candidates; our" "A subject, a chat state, a marker, a receipt, a notice of the room and an error are not copied.";
    R3 "R3" "PROFILE#members; our" "An outcast gets no copy, nor does an account without affiliation whose only ground is a registration.";
    R4 "R4" "PROFILE#modes; our" "In mode always a copy goes to every member's bare JID, also where a session of it is in the room.";
    R5 "R5" "PROFILE#modes; our" "In mode absent-only a copy goes to members without a session in the room.";
    R6 "R6" "PROFILE#modes; our" "The author gets a copy in mode always, for other devices, and none in the other modes.";
    R7A "R7a" "PROFILE#bounces; RFC 6121 §8.5.2.2; our" "A refusal changes nothing for who asked for copies and showed life within 30 days, and else ends them.";
    R7B "R7b" "PROFILE#bounces; our" "For who gets copies by default, three refusals without a success between them end the copies.";
    R8 "R8" "PROFILE#bounces; our" "An account that is gone or refuses gets no copies until it asks again, and stays in the room.";
    R9 "R9" "PROFILE#bounces; XEP-0198 §4; our" "A server that is out of reach gets no copies for 1 minute, then for twice as long each time up to an hour, and after 72 hours for good.";
    R10 "R10" "PROFILE#bounces; our" "An error from a session says nothing about copies.";
    R11 "R11" "PROFILE#bounces; our" "An error that answers no copy that was sent to this account is ignored.";
    R12 "R12" "PROFILE#rendering; our" "Where real JIDs are hidden, no copy shows one.";
    R13 "R13" "PROFILE#bounces; our" "At most one bounce of a member counts in a minute.";
    R14 "R14" "PROFILE#limits; our" "With more members than the limit, copies go to those only who have no session in the room.";
    R15 "R15" "PROFILE#members; our" "An affiliation alone is no ground for copies: the ground comes from the account.";
    R16 "R16" "PROFILE#members; our" "A registration whose form does not say is on or off as the room's default says.";
    R17 "R17" "PROFILE#limits; our" "Accounts and sessions beyond the limits are not remembered.";
    R18 "R18" "PROFILE#bounces; our" "Who gets no copies because they came back gets them again by asking, and who had them by default also by joining.";
    MC7 "MC7" "PROFILE#members; our" "Entitled is a participant by its push setting, an occupant with its bare JID, and a registered member with offline on, each account once.";
    MC8 "MC8" "PROFILE#rendering; our" "A copy is written in the dialect by which the account is in, group chat 3 before new MUC before XEP-0045.";
    T5 "T5" "PROFILE#mentions; XEP-0513 §3.5; our" "Who wants mentions only gets the messages that mention them, and those of which nothing can be read.";
    F1 "F1" "PROFILE#forwarding; XEP-0452 §4" "In mode mentions-only a message goes to affiliated members without a session whom it mentions, forwarded by the room.";
}
