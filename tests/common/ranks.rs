//! Who may do what to whom: a table of affiliations and roles, written from XEP-0045 §8 to §10 and not from the code.

/// What somebody can be while in the room: affiliation and role.
pub(crate) const RANKS: [(&str, &str); 8] = [
    ("owner", "moderator"),
    ("admin", "moderator"),
    ("member", "moderator"),
    ("member", "participant"),
    ("member", "visitor"),
    ("none", "moderator"),
    ("none", "participant"),
    ("none", "visitor"),
];

/// What somebody can do to somebody. The role `none` is a kick.
pub(crate) const ACTIONS: [(&str, &str); 9] = [
    ("role", "none"),
    ("role", "visitor"),
    ("role", "participant"),
    ("role", "moderator"),
    ("affiliation", "outcast"),
    ("affiliation", "none"),
    ("affiliation", "member"),
    ("affiliation", "admin"),
    ("affiliation", "owner"),
];

/// The place of an affiliation among the others.
pub(crate) fn rank(affiliation: &str) -> Option<usize> {
    ["outcast", "none", "member", "admin", "owner"].iter().position(|a| *a == affiliation)
}

/// The condition of the refusal, or nothing.
pub(crate) fn expected(
    actor: (&str, &str),
    target: (&str, &str),
    oneself: bool,
    (verb, wanted): (&str, &str),
) -> &'static str {
    let place = |role: &str| ["visitor", "participant", "moderator"].iter().position(|r| *r == role);
    let [owner, admin] = ["owner", "admin"].map(|least| rank(actor.0) >= rank(least));
    let high = |affiliation: &str| rank(affiliation) >= rank("admin");
    match (verb, wanted) {
        // §8.2: nobody kicks a higher affiliation.
        ("role", "none") if actor.1 != "moderator" => "forbidden",
        ("role", "none") if oneself => "conflict",
        ("role", "none") if rank(target.0) > rank(actor.0) => "not-allowed",
        ("role", "none") => "",
        // §8.3, §8.4, §9.6, §9.7: the moderator role needs an admin.
        ("role", _) => {
            let moderators = target.1 == "moderator" || wanted == "moderator";
            if (moderators && !admin) || (!moderators && actor.1 != "moderator") {
                return "forbidden";
            }
            if place(wanted) >= place(target.1) {
                return "";
            }
            if oneself {
                return "conflict";
            }
            // Voice is not taken from an equal affiliation, nor from an admin or owner; nor is the moderator role.
            let voice = wanted == "visitor" && rank(target.0) >= rank(actor.0);
            if voice || high(target.0) { "not-allowed" } else { "" }
        }
        // §9.1: only an owner bans an admin or owner, which is a question of rank.
        (_, "outcast") if !admin => "forbidden",
        (_, "outcast") if oneself => "conflict",
        (_, "outcast") if high(target.0) && !owner => "not-allowed",
        (_, "outcast") => "",
        // §10.3 to §10.8, §9.3, §9.4: the lists of admins and owners need an owner, that of members an admin.
        _ if (high(wanted) || high(target.0)) && !owner => "forbidden",
        _ if !admin => "forbidden",
        _ => "",
    }
}

/// Whether each outcome was met often.
pub(crate) fn all_met(met: &std::collections::BTreeMap<&str, i32>) -> bool {
    { ["", "forbidden", "conflict", "not-allowed"] }.iter().all(|outcome| met.get(outcome).is_some_and(|&n| n > 20))
}
