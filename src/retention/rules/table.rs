//! The rules of the upload service, one sentence each.
//!
//! The normative text is `spec-vectors/retention/PROFILE.md`; the anchors point there. Every rule has at least one vector
//! in `spec-vectors/retention/`. An anchor that ends in `our` marks a choice that no specification has made.

crate::rules! { "retention";
    S1 "S1" "PROFILE#slots; XEP-0363 §6" "An account that is in no class of the policy is refused with `auth/forbidden`.";
    S2 "S2" "PROFILE#slots; our" "A file name that is empty, longer than 255 bytes, `.` or `..`, or that holds a slash, a backslash or a control character is refused with `modify/bad-request`.";
    S3 "S3" "PROFILE#slots; XEP-0363 §4; our" "A size that is missing, no whole number or zero is refused with `modify/bad-request`.";
    S4 "S4" "PROFILE#slots; XEP-0363 §5" "A request with more than one purpose is refused with `modify/bad-request`.";
    S5 "S5" "PROFILE#slots; our" "A purpose or bucket that is unknown or not offered is refused with `cancel/feature-not-implemented`, and never silently taken as a message.";
    S6 "S6" "PROFILE#slots; XEP-0363 §5.3" "An ephemeral request without a valid `expire-before` is refused with `modify/bad-request`.";
    S7 "S7" "PROFILE#slots; our" "An ephemeral file that would expire before its slot is refused with `modify/not-acceptable`.";
    S8 "S8" "PROFILE#slots; XEP-0363 §6" "A file larger than its bucket takes, or than could ever fit, is refused with `modify/not-acceptable` and the limit of this bucket.";
    S9 "S9" "PROFILE#slots; our" "A content type that the bucket does not take is refused with `modify/not-acceptable`.";
    S10 "S10" "PROFILE#slots; XEP-0363 §6" "A slot beyond the rate of the bucket is refused with `wait/resource-constraint` and the moment at which one is free again.";
    S12 "S12" "PROFILE#slots; our" "An account with 10 open slots is refused with `wait/resource-constraint` and the moment at which the first of them ends.";
    S13 "S13" "PROFILE#slots; XEP-0363 §4" "A request that fits is granted, and its size is reserved until its slot ends.";
    S14 "S14" "PROFILE#slots; our" "A request that fits once old files are evicted is granted, and the files are planned for this slot alone.";
    S15 "S15" "PROFILE#slots; XEP-0363 §6; our" "A request that does not fit even so is refused with `wait/resource-constraint` and the earliest deadline in the bucket, if there is one.";
    S16 "S16" "PROFILE#slots; our" "A request that the whole service has no room for is refused with `wait/resource-constraint`.";
    S17 "S17" "PROFILE#put; XEP-0363 §7" "A PUT for a slot that is unknown, expired or not signed is refused with 403, and one for a slot in use or used with 409.";
    S18 "S18" "PROFILE#put; our" "A PUT goes on if its grant still fits, counting the files planned for it.";
    S19 "S19" "PROFILE#put; our" "A PUT whose grant no longer fits goes on with a new plan, if there is one.";
    S20 "S20" "PROFILE#put; our" "A PUT for which nothing is left to evict is refused with 507, its reservation ends, and nothing is deleted.";
    S21 "S21" "PROFILE#slots; our" "Where the operator says so, a profile file is taken as a message's if profile files are not offered.";

    U1 "U1" "PROFILE#put; XEP-0363 §7" "A PUT whose length is not the size of its slot is refused with 413 if it is longer, else with 400.";
    U2 "U2" "PROFILE#put; XEP-0363 §7" "A PUT whose content type is not that of its slot is refused with 415.";
    U3 "U3" "PROFILE#put; our" "A body that turns out to have another size is refused with 400, and its slot ends.";
    U4 "U4" "PROFILE#put; our" "A PUT that runs too long is refused with 408, and its slot ends.";
    U5 "U5" "PROFILE#put; our" "A PUT that breaks off ends its slot, and nothing is deleted.";

    D1 "D1" "PROFILE#deadlines; our" "A message's file goes when it has been kept as long as its bucket says, counted from the end of its PUT.";
    D2 "D2" "PROFILE#deadlines; XEP-0363 §5.3" "An ephemeral file goes at `expire-before`, or earlier by its bucket, and is never available from then on.";
    D3 "D3" "PROFILE#deadlines; our" "A profile file has no deadline while an item of its owner refers to it.";
    D4 "D4" "PROFILE#deadlines; our" "A profile file goes 30 days after the last item that referred to it is gone.";
    D5 "D5" "PROFILE#deadlines; our" "A profile file that nothing refers to lives as a message's file does, and a day at least.";
    D6 "D6" "PROFILE#deadlines; our" "Where references cannot be seen, a profile file lives as long as its bucket says after it was last read, counted once a day.";
    D7 "D7" "PROFILE#deadlines; XEP-0363 §5.4" "A permanent file has no deadline.";
    D8 "D8" "PROFILE#deadlines; XEP-0060 §8.2; XEP-0501" "A file whose own item expires goes with it at the latest.";
    D9 "D9" "PROFILE#policy; our" "A policy that shortens the life of a file leaves it 7 days or its old deadline, whichever is sooner, and no policy lengthens it.";
    D10 "D10" "PROFILE#deadlines; our" "Only items that the owner of a file published count as references to it.";

    E1 "E1" "PROFILE#eviction; our" "A slot that nobody used ends after 300 seconds, its reservation is free, and nothing is deleted.";
    E2 "E2" "PROFILE#eviction; our" "When a new file is stored, those planned for it go: the oldest first, of the same owner and bucket, and none that is pinned, referenced, permanent or young.";
    E3 "E3" "PROFILE#eviction; our" "What is planned and no longer needed when the new file is stored stays.";
    E4 "E4" "PROFILE#eviction; our" "On a full service messages go first, then ephemeral files, then profile files that nothing refers to, of those first who have more than a fair share.";
    E5 "E5" "PROFILE#schedule; our" "Deadlines are served in their order, a thousand at a time.";

    H1 "H1" "PROFILE#http; our" "A file is served with the time for which it may be cached, which never ends after its deadline.";
    H2 "H2" "PROFILE#http; our" "An ephemeral file is served for the reader's own cache only, with its end in `Expires`.";
    H3 "H3" "PROFILE#http; our" "A file that is deleted, or past its deadline, is answered with 410 as long as it is remembered.";
    H4 "H4" "PROFILE#http; our" "What never was a file, or is forgotten, is answered with 404.";
    H5 "H5" "PROFILE#http; XEP-0363 §9.1" "Only pictures, sound, film and plain text may be shown in place.";

    R1 "R1" "PROFILE#directory; XEP-0498 §8" "A stored file is published as an item of its owner's directory of uploads.";
    R2 "R2" "PROFILE#directory; XEP-0498 §6.2" "A file that is deleted takes its item with it.";
    R3 "R3" "PROFILE#directory; XEP-0498 §6.2" "A user deletes a file by retracting its item.";
    R4 "R4" "PROFILE#directory; XEP-0498 §6.2" "Nobody deletes the file of another, or one that the operator holds, and what is not there is not found.";
    R5 "R5" "PROFILE#directory; XEP-0498 §5.2; our" "An item is called as its file, or as its file and its slot where that name is taken.";

    A1 "A1" "PROFILE#accounts; XEP-0504 §3.10" "When an account is deleted, all its files and slots are gone at once, those that were held or permanent too.";
    A2 "A2" "PROFILE#accounts; our" "The operator deletes any file at once.";
    A3 "A3" "PROFILE#accounts; our" "A file that the operator holds is not deleted, and is not served beyond its deadline either.";
    A4 "A4" "PROFILE#accounts; our" "The host puts an account into another class, which counts from its next request.";

    I1 "I1" "PROFILE#discovery; XEP-0363 §3" "The service lists a feature for each purpose that it offers to whoever asks, and the largest file of a message.";
    I2 "I2" "PROFILE#discovery; our" "The limits of each purpose stand in the same form, under names of this project.";
    I3 "I3" "PROFILE#discovery; XEP-0504 §3.3" "The data policy says how long anything is kept at the longest, and whether users can delete it.";
    I4 "I4" "PROFILE#discovery; RFC 6120 §8.4" "A request that the service does not know is refused with `cancel/service-unavailable`, and a malformed one with `modify/bad-request`.";
    I5 "I5" "PROFILE#discovery; RFC 6120 §8.1" "What is no request, or comes from nobody, is dropped.";
}
