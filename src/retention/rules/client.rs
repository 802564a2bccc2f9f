//! The rules of the uploading client, one sentence each.
//!
//! The normative text is `spec-vectors/retention-client/PROFILE.md`; the anchors point there.

crate::rules! { "retention-client";
    C1 "C1" "PROFILE#discovery; XEP-0363 §3" "Before the first upload the client asks the service once what it offers, and believes it for a day.";
    C2 "C2" "PROFILE#purposes; XEP-0363 §5; XEP-0501 §5; XEP-0466 §5" "The use decides the purpose: an avatar is profile, a blog permanent, a story ephemeral for a day, a message with a timer ephemeral for the timer and 14 days to read it, anything else a message.";
    C3 "C3" "PROFILE#fallbacks; our" "Where profile files are not offered, an avatar is uploaded as a message, with a warning, and kept in mind to be uploaded again.";
    C4 "C4" "PROFILE#fallbacks; our" "Where permanent files are not offered, the user is asked before the file is uploaded as a message.";
    C5 "C5" "PROFILE#fallbacks; our" "Where ephemeral files are not offered, the user is told that the file may stay longer, and asked.";
    C6 "C6" "PROFILE#limits; XEP-0363 §3" "A file above the smallest limit that is known for its purpose is not asked for.";
    C7 "C7" "PROFILE#retry; XEP-0363 §6" "After a temporary error the client comes back at the moment that the service names, and not before.";
    C8 "C8" "PROFILE#retry; our" "Where the service names no moment, or does not answer, the client waits a minute, then two, then four.";
    C9 "C9" "PROFILE#put; XEP-0363 §4" "Only the headers Authorization, Cookie and Expires go into the PUT, without line breaks, in their order.";
    C10 "C10" "PROFILE#put; XEP-0363 §7; our" "A PUT that got no answer is tried again once in its slot, and after any other failure a new slot is asked for.";
    C11 "C11" "PROFILE#retry; XEP-0363 §6" "After a permanent error the client gives up and says why.";
    C12 "C12" "PROFILE#fallbacks; our" "A purpose that is refused although it was offered makes the client ask again what is offered.";
    C13 "C13" "PROFILE#put; XEP-0363 §4" "A slot without two https addresses is no slot.";
    C14 "C14" "PROFILE#fallbacks; our" "An avatar that was uploaded as a message is uploaded again when it is gone.";
    C15 "C15" "PROFILE#put; XEP-0363 §7" "With 201 the file can be read at the slot's address.";
    C16 "C16" "PROFILE#retry; our" "After six slots for one file, or when its own end has come, the client gives up.";
    C17 "C17" "PROFILE#discovery; RFC 6120 §8.2.3" "What is not the service's answer to something that was asked is dropped.";
    C18 "C18" "PROFILE#retry; our" "What the user calls off is forgotten.";
}
