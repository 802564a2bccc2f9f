//! The rules of a device's push, one sentence each. The whole text: `spec-vectors/push-client/PROFILE.md`.

crate::rules! { "push-client";
    E1 "E1" "PROFILE#registration; XEP-0357 §5" "A device is registered by an enable to the account's bare JID, with the service, the node and what is to come back with each publish.";
    E2 "E2" "PROFILE#registration; Push 2.0; our" "Where the server knows Push 2.0 and the device can be reached by it, that is used and nothing else.";
    E3 "E3" "PROFILE#registration; XEP-0357 §5" "Where the server announces none of what is wanted, nothing is sent.";
    E4 "E4" "PROFILE#registration; our" "In a new session the registration is sent again, once: the server may have dropped it.";
    E5 "E5" "PROFILE#registration; XEP-0198 §5; our" "In a resumed session nothing is sent again: what was sent will be answered.";
    E6 "E6" "PROFILE#registration; our" "A new registration is enabled before the old one is undone, so that no push is lost between them.";
    U1 "U1" "PROFILE#undoing; XEP-0357 §6" "What is no longer wanted is undone by a disable of exactly that service and node.";
    U2 "U2" "PROFILE#undoing; XEP-0357 §6; our" "A registration without a node is undone only by the account's last device, since that undoes all of its service.";
    U3 "U3" "PROFILE#undoing; our" "When another device is removed, this one undoes what that one had enabled.";
    U4 "U4" "PROFILE#undoing; our" "Logging out undoes the registration, and with the last device what rooms were asked for, and then says so.";
    R1 "R1" "PROFILE#rooms; XEP-0045 §7.10" "A room is asked for its registration form first, and copies are asked for if the form has the field for it.";
    R2 "R2" "PROFILE#rooms; XEP-0045 §7.10; our" "The form is submitted with the nickname and the wish for copies.";
    R3 "R3" "PROFILE#rooms; our" "A participant of group chat 3 asks for copies by its settings.";
    R4 "R4" "PROFILE#rooms; our" "Copies are asked for once the device is registered, and declined at any time.";
    R5 "R5" "PROFILE#rooms; our" "What a room has accepted is not repeated, in whatever session.";
    R6 "R6" "PROFILE#rooms; our" "Copies are declined by the same form, never by ending the registration.";
    A1 "A1" "PROFILE#answers; our" "An answer counts if it comes from whom was asked, under the id of the request.";
    A2 "A2" "PROFILE#answers; our" "What is answered by an error of type wait, or not at all, is repeated after 30 seconds, then twice as long each time up to an hour, and after 6 times not before the next session.";
    A3 "A3" "PROFILE#answers; our" "What is refused is not repeated before the next session or another wish.";
    L1 "L1" "PROFILE#limits; our" "Requests in flight, rooms and registrations to undo are limited.";
}
