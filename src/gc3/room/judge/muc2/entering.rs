//! Entering by presence to the room's bare address.

use super::{Named, another, nickname};
use crate::codec::Stanza;
use crate::gc3::refusals::{BAD_REQUEST, INCOMPLETE, JID_MALFORMED, TOO_FAST};
use crate::gc3::room::judge::muc::{Change, admitted, has_space, refuse};
use crate::gc3::room::judge::{Change as Any, Sender, Verdict};
use crate::gc3::room::state::{Dialect, Directed, Entering, Marks, State};
use crate::gc3::rules::{muc2 as rule, table};
use crate::gc3::wire::muc::Ask;
use crate::gc3::wire::muc2::{Enter, Visibility};
use crate::party::Address;
use crate::rule::Rule;

/// Decides about a presence that wants to enter in this dialect: the checks run in the order of J12.
pub(super) fn enter(state: &State, stanza: &Stanza, sender: &Sender<'_>, enter: &Enter<'_>) -> (Rule, Verdict) {
    judged(state, stanza, sender, enter).unwrap_or_else(|refused| *refused)
}

fn judged(
    state: &State,
    stanza: &Stanza,
    sender: &Sender<'_>,
    enter: &Enter<'_>,
) -> Result<(Rule, Verdict), Box<(Rule, Verdict)>> {
    let no = |why, error| Err(refuse(why, error).into());
    let to_room = stanza.to.as_ref().is_some_and(|to| to.resource().is_none());
    let full = Address::from_normalised(sender.full).filter(|_| sender.is_full && to_room);
    let (Some(full), Ask::Enter(plain)) = (full, &enter.plain) else { return no(rule::P12, JID_MALFORMED) };
    let occupant = state.occupant(sender.full);
    let again = occupant.is_some_and(|(_, session)| session.dialect == Dialect::Muc2);
    let admitted = admitted(state, sender, plain.password, occupant.is_some())?;
    let Some(wish) = &enter.wish else { return no(rule::F2, BAD_REQUEST) };
    let mut rules = vec![rule::F1, rule::P8, rule::T1];
    if let Some(visibility) = wish.visibility {
        match visible(state, sender, visibility) {
            Ok(why) => rules.push(why),
            Err(why) => return no(why, INCOMPLETE),
        }
    }
    let refused = |(why, error)| Box::new(refuse(why, error));
    let wished = wish.nickname.as_deref();
    let mut nick = None;
    let mut as_asked = true;
    let (who, why) = match sender.who {
        Some(who) => {
            has_space(state, who, sender)?;
            let wanted = another(state, who, sender.bare, wished).map_err(refused)?;
            rules.extend(wished.is_none().then_some(rule::J7));
            if let Some(Named { nick: new, why, as_asked: exactly }) = wanted {
                // A device that comes to the others takes their nickname; one that is in speaks for all of them.
                // Everybody is told of a new nickname, so who takes one after the other waits.
                let allowed = state.people.get(who).is_some_and(|p| p.allowance.allows(state.limits.input, state.now));
                if again && !allowed {
                    return no(table::G14_14, TOO_FAST);
                }
                as_asked = again && exactly;
                rules.push(if again { why } else { rule::J10 });
                nick = Some(new).filter(|_| again);
            }
            (Ok(who), if again { rule::J5 } else { rule::P7 })
        }
        None => {
            let Named { nick, why, as_asked: exactly } = nickname(state, sender.bare, wished).map_err(refused)?;
            as_asked = exactly;
            rules.push(why);
            (Err(admitted.joining(full.to_bare(), nick)), rule::P8)
        }
    };
    rules.extend(nick.is_some().then_some(rule::N1));
    let directed = Directed::of(full, &plain.shown);
    let entering = Box::new(Entering { who, directed, dialect: Dialect::Muc2, level: wish.level });
    let change = Change::Enter { entering, nick, history: plain.history, as_asked, rules };
    Ok((why, Verdict::Accept(Any::Muc(change))))
}

/// Whether somebody may be seen as it wishes, and by which rule (J11): a room shows real addresses to everybody or to
/// moderators, and nobody otherwise than all others.
fn visible(state: &State, sender: &Sender<'_>, wish: Visibility) -> Result<Rule, Rule> {
    let everybody = state.shows_jids();
    let revealed = sender.who.and_then(|who| state.people.get(who)).is_some_and(|person| person.is(Marks::REVEALED));
    match wish {
        Visibility::Anonymous if everybody => Err(rule::J11),
        Visibility::Anonymous if revealed => Err(rule::J11_1),
        Visibility::Anonymous => Ok(rule::J11),
        Visibility::NonAnonymous if everybody => Ok(rule::J11_2),
        Visibility::NonAnonymous => Err(rule::J11_2),
    }
}
