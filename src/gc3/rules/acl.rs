//! The rules of access control, one sentence each: who may do what, and who may say so.
//!
//! The normative text is `spec-vectors/acl/PROFILE.md`; the anchors point there. Every rule has at least one vector in
//! `spec-vectors/acl/`. An anchor that ends in `our` marks a choice that no specification has made.

crate::rules! { "acl";
    A1 "A1" "PROFILE#deciding; XEP-0045 §5.2" "An outcast may leave and report, and no group gives it more.";
    A2 "A2" "PROFILE#deciding; Entity ACL draft, Perform access check" "The first group that somebody is in and that has a value for the verb decides.";
    A3 "A3" "PROFILE#deciding; Entity ACL draft, The everyone group" "Everyone decides last and has a value for every verb, so `default` for it is refused with `modify/bad-request`.";
    A4 "A4" "PROFILE#ranks; MIMI room policy §6; our" "A change of affiliation that the room's own table does not hold is refused with `cancel/not-allowed`.";
    A5 "A5" "PROFILE#guards; XEP-0045 §9; our" "A change of rights or hats that takes a right from an account of higher rank is refused with `cancel/not-allowed`.";
    A6 "A6" "PROFILE#ranks; MIMI room policy §6; our" "More accounts of an affiliation than the room's own number are refused with `cancel/conflict`.";
    A7 "A7" "PROFILE#changing; MIMI room policy; our" "A change of rights happens whole or not at all, and one that names a verb, a group or a change twice is refused with `modify/bad-request`.";
    A8 "A8" "PROFILE#guards; Entity ACL draft, Get list of access rules; our" "Nobody changes what is said about a verb that they do not hold, else it is refused with `auth/forbidden`.";
    A9 "A9" "PROFILE#guards; our" "A change after which no listed account may both configure the room and change rights is refused with `cancel/conflict`.";
    A10 "A10" "PROFILE#changing; MIMI room policy; our" "A request that holds anything but one kind of change is refused with `modify/bad-request`.";
    A11 "A11" "PROFILE#deciding; MIMI room policy; XEP-0488 §4; our" "A token is looked at only for those who are neither in nor on a list, and lets in nobody whom the room's own rules would not let in as a member.";
    A12 "A12" "PROFILE#changing; our" "A change of rights counts from the next stanza on, and who may not be in the room any more is removed.";
    A13 "A13" "PROFILE#deciding; our" "Whom the room's own rules do not let in as a member, membership in the parent space does not let in either, which is `auth/forbidden`.";
    D1 "D1" "PROFILE#tables; XEP-0045 §5.1.1, §5.2.1" "A room whose policy nobody changed decides by the tables of XEP-0045 as they are configured.";
    W1 "W1" "PROFILE#reading; Entity ACL draft, Get list of entity groups" "The groups are read in their order, and each says whether it can be removed.";
    W2 "W2" "PROFILE#reading; Entity ACL draft, Get list of access rules" "A group is read with a value for every verb and whether the reader can change it.";
    W3 "W3" "PROFILE#changing; Entity ACL draft, Modify access rules" "Some values of one group are set, and the others stay.";
    W4 "W4" "PROFILE#changing; Entity ACL draft, headings only; our" "Groups are added, removed and put in order by setting the whole list.";
    W5 "W5" "PROFILE#reading; our" "Everybody who may know of the room is told what they may do.";
    W6 "W6" "PROFILE#changing; our" "A group or a verb that there is not is refused with `cancel/item-not-found`.";
    W7 "W7" "PROFILE#changing; our" "A change for a version that is no longer the current one is refused with `cancel/conflict`.";
    W8 "W8" "PROFILE#limits; our" "Groups, hats and worn hats beyond their limits are refused with `wait/resource-constraint`.";
    W9 "W9" "PROFILE#limits; our" "More than 10 changes of rights or hats in a minute by one account are refused with `wait/policy-violation`.";
    W10 "W10" "PROFILE#changing; our" "A value, an address or a form that cannot be read is refused with `modify/bad-request`.";
    W11 "W11" "PROFILE#changing; Entity ACL draft, Get list of entity groups" "What is given cannot be changed: the groups of roles, affiliations and everyone, everyone's place, and the verbs to leave and to report; it is refused with `cancel/not-allowed`.";
    W12 "W12" "PROFILE#ranks; our" "The possible changes of affiliation and the numbers of each are read and set as a whole.";
    W13 "W13" "PROFILE#reading; our" "Rights are read and changed by those who hold the verb change-acl, and others are refused with `auth/forbidden`.";
    H1 "H1" "PROFILE#hats; XEP-0317 §3.2" "A hat is made, or gets another title, by a command.";
    H2 "H2" "PROFILE#hats; XEP-0317 §3.3" "A hat that is destroyed is taken from everybody who wore it.";
    H3 "H3" "PROFILE#hats; XEP-0317 §3.5" "A hat that there is is given to an account, in the room or not.";
    H4 "H4" "PROFILE#hats; XEP-0317 §3.6" "A hat is taken from an account.";
    H5 "H5" "PROFILE#hats; XEP-0317 §3.4" "Participants read the list of hats.";
    H6 "H6" "PROFILE#hats; XEP-0317 §3.7" "Who wears what is read, with addresses, by those who see real addresses.";
    H7 "H7" "PROFILE#hats; XEP-0050 §3" "A command without a form is answered with the form to fill in, and one that is called off changes nothing.";
    H8 "H8" "PROFILE#hats; XEP-0317 §3.1" "The item of a participant shows its hats.";
    H9 "H9" "PROFILE#hats; our" "Hats are made, given and taken by those who hold the verb grant-hat, and others are refused with `auth/forbidden`.";
    H10 "H10" "PROFILE#hats; XEP-0317 §2" "The room says that it has hats, and a hash of their list.";
}
