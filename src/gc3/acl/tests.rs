//! The tables whole, and policies there and back.

use std::collections::{BTreeMap, BTreeSet};

use super::mimi::{BANNED, Label, NO_ROLE, from_mimi, hat, to_mimi};
use super::*;
use crate::gc3::config::{Config, Kind, PrivateMessages, Roles, Visibility, Who};

/// XEP-0045 §5.1.1 as this project configures it. Columns: no role, visitor, participant, moderator.
#[rustfmt::skip]
const BY_ROLE: &[(Verb, &str, &str)] = &[
    (Verb::ViewMessage,       "",                             "-xxx"),
    (Verb::ChangeNick,        "",                             "-xxx"),
    (Verb::SendMessage,       "",                             "--xx"),
    (Verb::React,             "",                             "--xx"),
    (Verb::Reply,             "",                             "--xx"),
    (Verb::EditOwn,           "",                             "--xx"),
    (Verb::RetractOwn,        "",                             "--xx"),
    (Verb::MentionIndividual, "",                             "--xx"),
    (Verb::MentionGroup,      "",                             "---x"),
    (Verb::SendPm,            "private-messages anyone",       "-xxx"),
    (Verb::SendPm,            "private-messages participants", "--xx"),
    (Verb::SendPm,            "private-messages moderators",   "---x"),
    (Verb::SendPm,            "private-messages none",         "----"),
    (Verb::ChangeSubject,     "subject-by participants",       "--xx"),
    (Verb::ChangeSubject,     "subject-by moderators",         "---x"),
    (Verb::Invite,            "",                             "-xxx"),
    (Verb::Kick,              "",                             "---x"),
    (Verb::RetractOther,      "",                             "---x"),
    (Verb::ViewRealJid,       "visibility everyone",           "-xxx"),
    (Verb::ViewRealJid,       "visibility moderators",         "---x"),
];

/// XEP-0045 §5.2.1. Columns: none, member, admin, owner.
#[rustfmt::skip]
const BY_AFFILIATION: &[(Verb, &str, &str)] = &[
    (Verb::JoinOpen,          "members-only false",            "xxxx"),
    (Verb::JoinOpen,          "members-only true",             "-xxx"),
    (Verb::ViewHistory,       "members-only false",            "xxxx"),
    (Verb::ViewHistory,       "members-only true",             "-xxx"),
    (Verb::ViewMembers,       "visibility everyone",           "-xxx"),
    (Verb::ViewMembers,       "visibility moderators",         "--xx"),
    (Verb::ChangeMembers,     "",                             "--xx"),
    (Verb::Ban,               "",                             "--xx"),
    (Verb::ChangeModerators,  "",                             "--xx"),
    (Verb::ChangeOwners,      "",                             "---x"),
    (Verb::Configure,         "",                             "---x"),
    (Verb::ChangeAcl,         "",                             "---x"),
    (Verb::GrantHat,          "",                             "---x"),
    (Verb::Destroy,           "",                             "---x"),
];

const ROLES: [Option<Role>; 4] = [None, Some(Role::Visitor), Some(Role::Participant), Some(Role::Moderator)];

/// What the tables say, read by hand and not by the code under test.
fn written(words: &str, affiliation: Affiliation, role: Option<Role>, verb: Verb) -> bool {
    if matches!(verb, Verb::Leave | Verb::Report) {
        return true;
    }
    if affiliation == Affiliation::Outcast {
        return false;
    }
    let row = |table: &'static [(Verb, &str, &str)]| {
        let mut rows = table.iter().filter(|(of, when, _)| *of == verb && (when.is_empty() || words.contains(when)));
        let row = rows.next().map(|(_, _, cells)| *cells);
        assert!(rows.next().is_none(), "{verb:?} stands twice");
        row
    };
    let cell = |cells: &str, at: usize| cells.as_bytes()[at] == b'x';
    match (row(BY_ROLE), row(BY_AFFILIATION)) {
        (Some(cells), None) => cell(cells, ROLES.iter().position(|r| *r == role).unwrap_or(0)),
        (None, Some(cells)) => cell(cells, affiliation as usize - 1),
        other => panic!("{verb:?} must stand in one table: {other:?}"),
    }
}

/// Every configuration as far as the tables depend on it, and some as far as they must not.
fn configs() -> Vec<(Config, String)> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for &private_messages in PrivateMessages::ALL {
            for &subject_by in Who::ALL {
                for &visibility in Visibility::ALL {
                    for members_only in [false, true] {
                        for moderated in [false, true] {
                            let words = format!(
                                "private-messages {}, subject-by {}, visibility {}, members-only {members_only}",
                                private_messages.name(),
                                subject_by.name(),
                                visibility.name(),
                            );
                            let config = Config {
                                private_messages,
                                subject_by,
                                visibility,
                                members_only,
                                moderated,
                                ..Config::of(kind)
                            };
                            all.push((config, words));
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn a_role_reads_the_member_list_if_it_sees_addresses() {
    let none = Config { visibility: Visibility::Moderators, ..Config::of(Kind::Channel) };
    let opened = Config { member_list: Roles::default().with(Role::Moderator).with(Role::Visitor), ..none.clone() };
    let open = Config { visibility: Visibility::Everyone, ..opened.clone() };
    let reads = |config: &Config, role| allows(config, Affiliation::None, Some(role), Verb::ViewMembers);
    assert!(!Role::ALL.iter().any(|&role| reads(&none, role)));
    assert!(reads(&opened, Role::Moderator) && !reads(&opened, Role::Visitor));
    assert!(reads(&open, Role::Visitor) && !reads(&open, Role::Participant));
    assert!(!allows(&open, Affiliation::Outcast, Some(Role::Visitor), Verb::ViewMembers));
    let admin = |config: &Config| allows(config, Affiliation::Admin, None, Verb::ViewMembers);
    assert!(admin(&none) && admin(&opened));
}

#[test]
fn the_default_policy_is_the_tables_for_everybody_and_every_verb() {
    let policy = Policy::default();
    let (nothing, worn): (BTreeSet<Box<str>>, BTreeSet<Box<str>>) = (BTreeSet::new(), ["urn:x".into()].into());
    let mut compared = 0;
    for (config, words) in configs() {
        for affiliation in Affiliation::ALL {
            for role in ROLES {
                for &verb in Verb::ALL {
                    let wanted = written(&words, affiliation, role, verb);
                    assert_eq!(
                        allows(&config, affiliation, role, verb),
                        wanted,
                        "{affiliation:?} {role:?} {verb:?} {words}"
                    );
                    // Neither hats nor addresses count where nobody said so.
                    for hats in [None, Some(&nothing), Some(&worn)] {
                        let subject = Subject { jid: "ben@oak.example", affiliation, role, hats };
                        let decided = policy.decide(&config, &subject, verb);
                        assert_eq!(decided.allowed, wanted, "{affiliation:?} {role:?} {verb:?} {words}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert_eq!(compared, configs().len() * 5 * 4 * Verb::ALL.len() * 3);
}

#[test]
fn verbs_have_names_of_their_own() {
    let ids: BTreeSet<&str> = Verb::ALL.iter().map(|verb| verb.id()).collect();
    assert_eq!(ids.len(), Verb::ALL.len());
    for &verb in Verb::ALL {
        assert_eq!(Verb::parse(verb.id()), Some(verb));
    }
    let codes: Vec<u16> = Verb::ALL.iter().flat_map(|verb| verb.capabilities()).copied().collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "a capability stands for one verb");
}

#[test]
fn everyone_is_last_and_what_is_given_stays() {
    let mut policy = Policy::default();
    policy.insert(usize::MAX, Group::new(Of::Domain("oak.example".into())));
    assert_eq!(policy.groups().last().map(|group| &group.of), Some(&Of::Everyone));
    let order: Vec<Of> = policy.groups().iter().map(|group| group.of.clone()).collect();
    assert!(policy.arranged(&order).is_some());
    for at in 0..order.len() {
        let mut fewer = order.clone();
        let removed = fewer.remove(at);
        assert_eq!(policy.arranged(&fewer).is_some(), !removed.is_given(), "{removed:?}");
        let mut twice = order.clone();
        twice.insert(0, removed);
        assert!(policy.arranged(&twice).is_none());
    }
    let mut reversed = order;
    reversed.reverse();
    assert!(policy.arranged(&reversed).is_none());
}

/// A policy of the kind that rooms get: hats that give and take, a closed domain, an account of its own.
fn odd_policies() -> Vec<Policy> {
    let mut all = vec![Policy::default()];
    for (at, of) in [
        (0, Of::Hat("urn:a".into())),
        (3, Of::Hat("urn:b".into())),
        (0, Of::Account("ann@tea.example".into())),
        (8, Of::Domain("oak.example".into())),
    ] {
        for bits in 1..8_u32 {
            let mut policy = all[all.len() / 2].clone();
            let mut group = Group::new(of.clone());
            for (n, &verb) in Verb::ALL.iter().enumerate() {
                match (n as u32).wrapping_mul(bits) % 5 {
                    0 => group.set(verb, Value::Allow),
                    1 => group.set(verb, Value::Deny),
                    _ => {}
                }
            }
            policy.insert(at, group);
            all.push(policy);
        }
    }
    all
}

/// One person of every label, with and without each of two hats, at two domains.
fn people() -> BTreeMap<String, Label> {
    let mut all = BTreeMap::new();
    for affiliation in Affiliation::ALL {
        for role in ROLES {
            for bits in 0..4 {
                for domain in ["tea.example", "oak.example"] {
                    let hats = ["urn:a", "urn:b"].into_iter().zip([1, 2]).filter(|(_, bit)| bits & bit > 0);
                    let label = Label { affiliation, role, hats: hats.map(|(uri, _)| uri.into()).collect() };
                    all.insert(format!("p{}@{domain}", all.len()), label);
                }
            }
        }
    }
    all.insert(
        "ann@tea.example".into(),
        Label { affiliation: Affiliation::Owner, role: ROLES[3], hats: BTreeSet::new() },
    );
    all
}

#[test]
fn to_mimi_and_back_decides_the_same_for_every_word_that_mimi_has() {
    let config = Config::of(Kind::Channel);
    let people = people();
    for policy in odd_policies() {
        let (roles, assigned) = to_mimi(&config, &policy, people.iter().map(|(jid, label)| (&**jid, label.clone())));
        assert_eq!(
            roles.iter().map(|role| role.index).collect::<Vec<_>>(),
            (0..roles.len() as u32).collect::<Vec<_>>()
        );
        let back = from_mimi(&roles);
        for (jid, label) in &people {
            let index = assigned[&**jid];
            let was = Subject { jid, affiliation: label.affiliation, role: label.role, hats: Some(&label.hats) };
            if label.affiliation == Affiliation::Outcast {
                assert_eq!(index, BANNED);
                continue;
            }
            let worn: BTreeSet<Box<str>> = if index == NO_ROLE { BTreeSet::new() } else { [hat(index)].into() };
            let is = Subject { hats: Some(&worn), ..was };
            for &verb in Verb::ALL.iter().filter(|verb| !verb.capabilities().is_empty()) {
                let (before, after) = (policy.decide(&config, &was, verb), back.decide(&config, &is, verb));
                assert_eq!(before.allowed, after.allowed, "{verb:?} of {label:?} ({jid}), role {index}");
            }
        }
        // And once more: what came back is written as the same sets.
        let again: BTreeMap<&str, Label> = people
            .iter()
            .filter(|(_, label)| label.affiliation > Affiliation::Outcast)
            .map(|(jid, label)| {
                let hats = [hat(assigned[&**jid])].into_iter().filter(|_| assigned[&**jid] > BANNED).collect();
                (&**jid, Label { hats, ..label.clone() })
            })
            .collect();
        let (twice, assigned_again) = to_mimi(&config, &back, again);
        for (jid, index) in assigned_again {
            let set = |roles: &[mimi::MimiRole], index: u32| roles[index as usize].capabilities.clone();
            assert_eq!(set(&twice, index), set(&roles, assigned[jid]), "{jid}");
        }
    }
}

#[test]
fn role_changes_in_mimi_are_those_of_the_ranks() {
    let config = Config::of(Kind::Channel);
    let label =
        |affiliation| Label { affiliation, role: Some(Role::initial(&config, affiliation)), hats: BTreeSet::new() };
    let people = [
        ("ann@tea.example", label(Affiliation::Owner)),
        ("ben@oak.example", label(Affiliation::Admin)),
        ("cid@fig.example", label(Affiliation::Member)),
    ];
    let mut policy = Policy::default();
    policy.most.insert(Affiliation::Admin, 2);
    let (roles, assigned) = to_mimi(&config, &policy, people.clone());
    let index = |jid: &str| assigned[jid];
    let of = |jid: &str| &roles[index(jid) as usize];
    let (ann, ben, cid) = (index("ann@tea.example"), index("ben@oak.example"), index("cid@fig.example"));
    assert_eq!(of("cid@fig.example").changes, BTreeMap::new(), "a member changes nobody");
    // An admin makes members and outcasts, and nothing of owners or of other admins.
    assert_eq!(
        of("ben@oak.example").changes,
        BTreeMap::from([
            (NO_ROLE, BTreeSet::from([BANNED, cid])),
            (BANNED, BTreeSet::from([NO_ROLE, cid])),
            (cid, BTreeSet::from([NO_ROLE, BANNED])),
        ])
    );
    assert_eq!(of("ann@tea.example").changes[&ben], BTreeSet::from([NO_ROLE, BANNED, ann, cid]));
    assert_eq!((of("ben@oak.example").most, of("ann@tea.example").least), (Some(2), 1));
}
