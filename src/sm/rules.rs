//! The rules of stream management, one sentence each.
//!
//! The whole text is `spec-vectors/sm/PROFILE.md`; the anchors point there. An anchor that ends in `our` marks a choice
//! that no specification has made.

crate::rules! { "sm";
    E1 "E1" "PROFILE#enabling; XEP-0198 §3" "`enable` on a stream with a peer is answered by `enabled`, and both counts begin at 0.";
    E2 "E2" "PROFILE#enabling; XEP-0198 §5; our" "The id by which a stream can be resumed is drawn from the seed and belongs to the authenticated pair, and the time is the shorter one of both sides' wishes.";
    E3 "E3" "PROFILE#enabling; XEP-0198 §3" "`enable` and `resume` before there is a peer, and `resume` on a stream that has one, are refused with `unexpected-request`.";
    E4 "E4" "PROFILE#enabling; XEP-0198 §3" "A second `enable` ends the stream.";
    E5 "E5" "PROFILE#enabling; our" "On a stream that is not counted stanzas pass and nothing is kept.";
    E6 "E6" "PROFILE#enabling; XEP-0198 §3" "The initiating server enables at once where that is offered, and goes on without if it is refused.";
    E7 "E7" "PROFILE#enabling; our" "An element of stream management that has no place in the present state is passed over.";

    A1 "A1" "PROFILE#acknowledging; XEP-0198 §4" "`r` is answered at once by the number of stanzas that were handled.";
    A2 "A2" "PROFILE#acknowledging; XEP-0198 §4" "Counts go from 2^32-1 to 0.";
    A3 "A3" "PROFILE#acknowledging; XEP-0198 §4" "What is acknowledged is no longer kept.";
    A4 "A4" "PROFILE#acknowledging; our" "The peer is asked after ten stanzas or five seconds, and never twice at once.";
    A5 "A5" "PROFILE#acknowledging; our" "A peer that does not answer for a minute is gone: the stream ends with `connection-timeout` and counts as broken.";
    A6 "A6" "PROFILE#acknowledging; XEP-0198 §6" "Whoever acknowledges more than was sent gets `undefined-condition` with `handled-count-too-high`, and the session ends.";
    A7 "A7" "PROFILE#acknowledging; our" "An acknowledgement of less than before acknowledges nothing.";
    A8 "A8" "PROFILE#acknowledging; XEP-0198 §4; our" "An element of stream management that cannot be read ends the stream with `bad-format`, and it counts as broken.";
    A9 "A9" "PROFILE#acknowledging; XEP-0198 §4" "Before the stream is closed in order, the peer is told what was handled.";
    A10 "A10" "PROFILE#acknowledging; XEP-0198 §4" "A stanza on a counted stream is written at once and kept until it is acknowledged.";

    R1 "R1" "PROFILE#resuming; XEP-0198 §5" "A resumable stream that breaks is kept for its time, and what is sent meanwhile is kept with it.";
    R2 "R2" "PROFILE#resuming; XEP-0198 §5" "Whoever resumes is told how much was handled, and gets what it has not, in order.";
    R3 "R3" "PROFILE#resuming; XEP-0198 §5; our" "A wrong id and the id of another peer are refused with the same `item-not-found`, and nothing changes.";
    R4 "R4" "PROFILE#resuming; XEP-0198 §5" "The stream that was open until then ends with `conflict`.";
    R5 "R5" "PROFILE#resuming; XEP-0198 §5" "After its time a stream cannot be resumed, but for a while its count is told.";
    R6 "R6" "PROFILE#resuming; our" "A `resume` that acknowledges less than before is refused with `item-not-found`, and the session ends.";
    R7 "R7" "PROFILE#resuming; XEP-0203 §2; our" "A message that is sent later than it came carries the time of the first attempt.";
    R8 "R8" "PROFILE#resuming; our" "Who resumed is asked at once for what was sent again.";
    R9 "R9" "PROFILE#resuming; XEP-0198 §5; our" "The initiating server connects again at once and then ever more slowly, and resumes.";
    R10 "R10" "PROFILE#servers; XEP-0198 §5; our" "A refusal that tells the count makes certain what arrived: the rest is sent again on the new stream.";
    R11 "R11" "PROFILE#servers; our" "Where nobody knows what arrived, young messages with an id and subscriptions are sent once more, and nothing else.";

    D1 "D1" "PROFILE#what-is-left; RFC 6120 §8.3.1; our" "An error, a result and a headline are not answered when they are lost.";
    D2 "D2" "PROFILE#what-is-left; XEP-0198 §4" "A message that no other session of the account got goes back to be routed anew, with the time of the first attempt.";
    D3 "D3" "PROFILE#what-is-left; our" "A message that others got too is not delivered again.";
    D4 "D4" "PROFILE#what-is-left; our" "A room is told by an error with the id of the message that a session or server did not get it.";
    D5 "D5" "PROFILE#what-is-left; RFC 6121 §8.5.3.2.3" "A request that a client did not get is answered by `cancel/service-unavailable`.";
    D6 "D6" "PROFILE#what-is-left; RFC 6121 §8.5.3.2; our" "Presence is not kept beyond the session, except that the sender of a subscription is told that the server was not reached.";
    D7 "D7" "PROFILE#what-is-left; RFC 6120 §8.3.3; our" "A message or request that a server did not get is answered by `wait/remote-server-timeout`.";
    D8 "D8" "PROFILE#what-is-left; XEP-0198 §7" "A stream that is closed in order, or breaks and cannot be resumed, ends its session at once.";
    D9 "D9" "PROFILE#storms; our" "The senders of one domain get a hundred errors a second at most, and the others later.";
    D10 "D10" "PROFILE#storms; our" "Of the messages of one room that one recipient did not get, the room is told the newest.";
    D11 "D11" "PROFILE#servers; RFC 6120 §8.3.3" "If a server is not reached at all, senders are told the condition that was found.";
    D12 "D12" "PROFILE#what-is-left; our" "What is sent to a session after its end meets its fate at once.";

    L1 "L1" "PROFILE#limits; our" "Where more is kept than may be, the oldest is given up as if the session had ended for it.";
}
