//! The laws that every machine keeps, as functions: for property tests, for fuzzing, for machines of others.
//!
//! | law | function |
//! |---|---|
//! | 1 the same inputs, the same bytes | [`deterministic`] |
//! | 2 misuse changes nothing | [`try_input`], [`obedient`] |
//! | 3 a wake before the deadline changes nothing | [`patient`] |
//! | 4 after a wake the deadline is none or later | [`obedient`] |
//! | 5 time may jump or go back | [`timeless`] |
//! | 6 what is loaded continues as what was saved, what is damaged is refused | [`restored`], [`damaged`], [`survives`] |
//! | 7 few actions, and the state makes sense | [`obedient`] with [`Bounds`] |
//! | 8 bytes split anywhere give the same stanzas, write then read is identity | the codec's own tests |
//! | 9 recipients are some, each once, in seat order | [`obedient`] |
//! | 10 unrelated inputs commute | [`commuting`] |
//!
//! A script is what a journal holds: moments and what happened then. [`Bench::journal`](super::Bench::journal) makes
//! one of a conversation with a host.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::machine::{Action, Machine, Misuse, Sink};
use crate::rule::Rule;
use crate::snapshot::{Corrupt, Snapshot};
use crate::time::Time;

/// Something that happens to a machine.
#[derive(Clone, Debug)]
pub enum Op<I> {
    /// An input.
    Input(I),
    /// The host wakes it.
    Wake,
}

/// Something that happens, and when.
pub type Moment<I> = (Time, Op<I>);

/// A law that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the law.
    pub law: u8,
    /// After how many moments of the script.
    pub step: usize,
    /// What happened.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "law {} is broken at step {}: {}", self.law, self.step, self.what)
    }
}

impl core::error::Error for Broken {}

fn broken(law: u8, step: usize, what: impl Into<String>) -> Broken {
    Broken { law, step, what: what.into() }
}

/// What one call may do.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<M> {
    /// Actions of one input or wake.
    pub actions: usize,
    /// What is wrong with the state, if anything.
    pub check: fn(&M) -> Result<(), String>,
}

impl<M> Bounds<M> {
    /// At most so many actions, and no look at the state.
    #[must_use]
    pub const fn actions(actions: usize) -> Self {
        Self { actions, check: |_| Ok(()) }
    }
}

/// What was said, as a digest of every byte of it; and what was wrong about it.
#[derive(Clone, Default)]
struct Heard {
    hash: Sha256,
    actions: usize,
    wrong: Option<String>,
}

impl Heard {
    fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    fn part(&mut self, bytes: &[u8]) {
        self.hash.update((bytes.len() as u64).to_be_bytes());
        self.hash.update(bytes);
    }
}

impl<O: fmt::Debug, N: fmt::Debug> Sink<O, N> for Heard {
    fn push(&mut self, why: Rule, action: Action<'_, O, N>) {
        self.actions += 1;
        self.part(why.id().as_bytes());
        match action {
            Action::Send { to, stanza } => {
                let mut head = Vec::new();
                let mut last = None;
                let mut some = false;
                for recipient in to {
                    stanza.head_into(recipient.jid, &mut head);
                    if some && recipient.seat <= last {
                        self.wrong = Some(format!("{why}: {} is out of order or named twice", recipient.jid));
                    }
                    (some, last) = (true, recipient.seat);
                }
                if !some {
                    self.wrong = Some(format!("{why}: a stanza for nobody"));
                }
                self.part(&head);
                self.part(stanza.tail());
            }
            Action::Do(order) => self.part(format!("{order:?}").as_bytes()),
            Action::Tell(notice) => self.part(format!("{notice:?}").as_bytes()),
        }
    }
}

/// A machine that the laws can judge.
pub trait Lawful: Machine<Input: Clone, Order: fmt::Debug, Notice: fmt::Debug> + Snapshot {}

impl<M> Lawful for M where M: Machine<Input: Clone, Order: fmt::Debug, Notice: fmt::Debug> + Snapshot {}

fn step<M: Lawful>(machine: &mut M, (now, op): &Moment<M::Input>, heard: &mut Heard) -> Result<(), Misuse> {
    match op {
        Op::Input(input) => machine.handle(*now, input.clone(), heard),
        Op::Wake => {
            machine.wake(*now, heard);
            Ok(())
        }
    }
}

/// Plays a script. Misuse is allowed: it is part of what is compared.
fn run<M: Lawful>(machine: &mut M, script: &[Moment<M::Input>]) -> [u8; 32] {
    let mut heard = Heard::default();
    for moment in script {
        if let Err(misuse) = step(machine, moment, &mut heard) {
            heard.part(misuse.to_string().as_bytes());
        }
    }
    heard.digest()
}

/// Laws 1: two machines made alike say and save the same bytes.
///
/// # Errors
/// [`Broken`].
pub fn deterministic<M: Lawful>(make: impl Fn() -> M, script: &[Moment<M::Input>]) -> Result<(), Broken> {
    let (mut one, mut other) = (make(), make());
    for (at, moment) in script.iter().enumerate() {
        let moment = core::slice::from_ref(moment);
        if run(&mut one, moment) != run(&mut other, moment) {
            return Err(broken(1, at, "two machines made alike said different things"));
        }
        if one.save() != other.save() {
            return Err(broken(1, at, "two machines made alike are in different states"));
        }
    }
    Ok(())
}

/// Law 2 for one input: if it is misuse, nothing has changed and nothing was said.
///
/// # Errors
/// [`Broken`].
pub fn try_input<M: Lawful>(machine: &mut M, now: Time, input: M::Input) -> Result<Result<(), Misuse>, Broken> {
    let (before, deadline) = (machine.save(), machine.deadline());
    let mut heard = Heard::default();
    let done = machine.handle(now, input, &mut heard);
    if done.is_err() {
        if heard.actions > 0 {
            return Err(broken(2, 0, "misuse, and yet something was said"));
        }
        if machine.save() != before || machine.deadline() != deadline {
            return Err(broken(2, 0, "misuse, and yet something changed"));
        }
    }
    Ok(done)
}

/// Laws 2, 4, 7 and 9 at every moment of a script.
///
/// # Errors
/// [`Broken`].
pub fn obedient<M: Lawful>(machine: &mut M, script: &[Moment<M::Input>], bounds: &Bounds<M>) -> Result<(), Broken> {
    for (at, moment) in script.iter().enumerate() {
        let (before, deadline) = (machine.save(), machine.deadline());
        let mut heard = Heard::default();
        let done = step(machine, moment, &mut heard);
        if done.is_err() && (heard.actions > 0 || machine.save() != before || machine.deadline() != deadline) {
            return Err(broken(2, at, "misuse, and yet something changed or was said"));
        }
        let overdue = machine.deadline().filter(|deadline| *deadline <= moment.0);
        if let (Op::Wake, Some(deadline)) = (&moment.1, overdue) {
            let what = format!("woken at {}, it wants to be woken at {}", moment.0.millis(), deadline.millis());
            return Err(broken(4, at, what));
        }
        if heard.actions > bounds.actions {
            return Err(broken(7, at, format!("{} actions; {} are allowed", heard.actions, bounds.actions)));
        }
        (bounds.check)(machine).map_err(|what| broken(7, at, what))?;
        if let Some(what) = heard.wrong {
            return Err(broken(9, at, what));
        }
    }
    Ok(())
}

/// Law 3 for the present state: a wake before the deadline says nothing and changes nothing, whenever it comes.
///
/// # Errors
/// [`Broken`].
pub fn patient<M: Lawful>(machine: &mut M) -> Result<(), Broken> {
    let before = machine.save();
    let deadline = machine.deadline();
    let latest = deadline.map_or(u64::MAX, |deadline| deadline.millis().saturating_sub(1));
    for early in [0, latest / 2, latest] {
        if deadline == Some(Time::from_millis(early)) {
            continue;
        }
        let mut heard = Heard::default();
        machine.wake(Time::from_millis(early), &mut heard);
        if heard.actions > 0 {
            return Err(broken(3, 0, format!("woken early, at {early}, it spoke")));
        }
        if machine.save() != before || machine.deadline() != deadline {
            return Err(broken(3, 0, format!("woken early, at {early}, it changed")));
        }
    }
    Ok(())
}

/// Law 5: a script whose times are torn apart still plays; a time that goes back counts as the latest seen, so the
/// script with each time raised to the latest before it says and leaves the same.
///
/// # Errors
/// [`Broken`].
pub fn timeless<M: Lawful>(
    make: impl Fn() -> M,
    script: &[Moment<M::Input>],
    times: impl IntoIterator<Item = Time>,
) -> Result<(), Broken> {
    let (mut torn, mut raised) = (make(), make());
    let mut latest = Time::EPOCH;
    for (at, ((_, op), time)) in script.iter().zip(times).enumerate() {
        let before = raised.save();
        // A wake that comes before the deadline is none, whatever time was seen (law 3).
        let early = matches!(op, Op::Wake) && raised.deadline().is_none_or(|deadline| deadline > time);
        let high = if early { time } else { latest.max(time) };
        let (mut one, mut other) = (Heard::default(), Heard::default());
        let as_is = step(&mut torn, &(time, op.clone()), &mut one);
        let as_raised = step(&mut raised, &(high, op.clone()), &mut other);
        if as_is != as_raised || one.digest() != other.digest() || torn.save() != raised.save() {
            return Err(broken(
                5,
                at,
                format!("{} after {} is not as {}", time.millis(), latest.millis(), high.millis()),
            ));
        }
        // What was not accepted, and what came too early, did not advance the latest time seen.
        if !early && as_raised.is_ok() && raised.save() != before {
            latest = high;
        }
    }
    Ok(())
}

/// Law 6: what is loaded from a snapshot saves the same bytes, has the same deadline and continues in the same way.
///
/// # Errors
/// [`Broken`].
pub fn restored<M: Lawful>(make: impl Fn() -> M, script: &[Moment<M::Input>], cut: usize) -> Result<(), Broken> {
    let (prefix, suffix) = script.split_at(cut.min(script.len()));
    let mut machine = make();
    run(&mut machine, prefix);
    let saved = machine.save();
    let mut other = M::load(&saved).map_err(|why| broken(6, cut, format!("its own snapshot is refused: {why}")))?;
    if other.save() != saved || other.deadline() != machine.deadline() {
        return Err(broken(6, cut, "loaded, it is not what was saved"));
    }
    for (at, moment) in suffix.iter().enumerate() {
        let moment = core::slice::from_ref(moment);
        if run(&mut machine, moment) != run(&mut other, moment) {
            return Err(broken(6, cut + at, "loaded, it goes on differently"));
        }
    }
    if machine.save() != other.save() {
        return Err(broken(6, script.len(), "loaded, it ends differently"));
    }
    Ok(())
}

/// Law 6 for damage: a snapshot that is cut short or has a bit turned over is refused; a body damaged behind the
/// checksum's back is refused or is the canonical body of what it loads as. `places` choose bits.
///
/// # Errors
/// [`Broken`].
pub fn damaged<M: Lawful>(machine: &M, places: impl IntoIterator<Item = usize>) -> Result<(), Broken> {
    let saved = machine.save();
    let mut body = Vec::new();
    machine.save_body(&mut body);
    for place in places {
        let cut = place % saved.len().max(1);
        if M::load(saved.get(..cut).unwrap_or_default()).is_ok() {
            return Err(broken(6, 0, format!("cut after {cut} bytes, a snapshot is accepted")));
        }
        let mut turned = saved.clone();
        turn_over(&mut turned, place);
        if M::load(&turned).is_ok() {
            return Err(broken(6, 0, format!("with bit {place} turned over, a snapshot is accepted")));
        }
        let mut turned = body.clone();
        turn_over(&mut turned, place);
        canonical::<M>(M::FORMAT, &turned)?;
    }
    Ok(())
}

/// Law 6 for any bytes, for fuzzing: a body is refused, or what it loads as saves exactly these bytes.
///
/// # Errors
/// [`Broken`].
pub fn canonical<M: Lawful>(format: u16, body: &[u8]) -> Result<Option<M>, Broken> {
    let loaded: Result<M, Corrupt> = M::load_body(format, body);
    let Ok(machine) = loaded else { return Ok(None) };
    let mut again = Vec::new();
    machine.save_body(&mut again);
    if format == M::FORMAT && again != body {
        return Err(broken(6, 0, "a body is accepted that the machine would not have written"));
    }
    Ok(Some(machine))
}

/// Law 6 behind the checksum's back, for fuzzing: each three bytes of `damage` put another byte somewhere into the body
/// of a snapshot. What is loaded all the same saves exactly these bytes, and can go on. It may find in the script what
/// it never asked for, which is a misuse, rightly.
///
/// # Errors
/// [`Broken`].
pub fn survives<M: Lawful>(machine: &M, damage: &[u8], script: Vec<Moment<M::Input>>) -> Result<(), Broken> {
    let mut body = Vec::new();
    machine.save_body(&mut body);
    for [high, low, value] in damage.as_chunks::<3>().0 {
        let place = usize::from(u16::from_be_bytes([*high, *low])) % body.len().max(1);
        if let Some(byte) = body.get_mut(place) {
            *byte = *value;
        }
    }
    let Some(mut machine) = canonical::<M>(M::FORMAT, &body)? else { return Ok(()) };
    live(&mut machine, script);
    machine.wake(Time::from_millis(u64::MAX), &mut |_: Rule, _: Action<'_, M::Order, M::Notice>| {});
    Ok(())
}

/// Has a machine live through a script, whatever it says, and whether or not an input is a misuse.
pub(super) fn live<M: Machine>(machine: &mut M, script: impl IntoIterator<Item = Moment<M::Input>>) {
    let mut nowhere = |_: Rule, _: Action<'_, M::Order, M::Notice>| {};
    for (now, op) in script {
        match op {
            Op::Input(input) => drop(machine.handle(now, input, &mut nowhere)),
            Op::Wake => machine.wake(now, &mut nowhere),
        }
    }
}

fn turn_over(bytes: &mut [u8], place: usize) {
    let bits = bytes.len().saturating_mul(8).max(1);
    if let Some(byte) = bytes.get_mut((place % bits) / 8) {
        *byte ^= 1 << (place % 8);
    }
}

/// Law 10: two inputs that have nothing to do with each other may change places. Each says the same, and the end is
/// the same.
///
/// # Errors
/// [`Broken`].
pub fn commuting<M: Lawful>(
    make: impl Fn() -> M,
    prefix: &[Moment<M::Input>],
    one: &Moment<M::Input>,
    other: &Moment<M::Input>,
) -> Result<(), Broken> {
    let play = |first, second| {
        let mut machine = make();
        run(&mut machine, prefix);
        let said = (run(&mut machine, core::slice::from_ref(first)), run(&mut machine, core::slice::from_ref(second)));
        (said, machine.save())
    };
    let ((one_first, other_second), end) = play(one, other);
    let ((other_first, one_second), turned_end) = play(other, one);
    if one_first != one_second || other_first != other_second {
        return Err(broken(10, prefix.len(), "unrelated inputs changed places and something else was said"));
    }
    if end != turned_end {
        return Err(broken(10, prefix.len(), "unrelated inputs changed places and the end is another"));
    }
    Ok(())
}

/// Laws 1 to 7 and 9 over a script, with cuts, wakes and damage at places drawn from `seed`.
///
/// # Errors
/// [`Broken`], the first that was found.
pub fn all<M: Lawful>(
    make: impl Fn() -> M,
    script: &[Moment<M::Input>],
    bounds: &Bounds<M>,
    seed: u64,
) -> Result<(), Broken> {
    let mut places = Places(seed);
    deterministic(&make, script)?;
    obedient(&mut make(), script, bounds)?;
    let mut machine = make();
    for (at, moment) in script.iter().enumerate() {
        patient(&mut machine).map_err(|broken| Broken { step: at, ..broken })?;
        run(&mut machine, core::slice::from_ref(moment));
    }
    damaged(&machine, (0..16).map(|_| places.next()))?;
    restored(&make, script, places.next() % (script.len() + 1))?;
    let torn: Vec<Time> = script
        .iter()
        .map(|(time, _)| match places.next() % 8 {
            0 => Time::EPOCH,
            1 => Time::from_millis(u64::MAX),
            2 => Time::from_millis(time.millis() / 2),
            _ => *time,
        })
        .collect();
    timeless(&make, script, torn)
}

/// Places drawn from a seed (splitmix64): the same seed, the same places.
struct Places(u64);

impl Places {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gc3::{Answer, Command, Input};
    use crate::sim::toy::{Fault, Toy, stanza};

    fn script() -> Vec<Moment<Input>> {
        let says = |who: &str| {
            Op::Input(Input::Stanza(stanza(&format!(
                "<message from='{who}' to='room@rooms.example' type='groupchat'><body>hello</body></message>"
            ))))
        };
        let iq = |what: &str| {
            Op::Input(Input::Stanza(stanza(&format!(
                "<iq from='ann@tea.example/1' to='room@rooms.example' type='get' id='1'><{what} xmlns='toy'/></iq>"
            ))))
        };
        let at = Time::from_millis;
        vec![
            (at(1000), says("ann@tea.example/1")),
            (at(1500), Op::Wake),
            (at(2000), iq("later")),
            (at(2100), says("ben@tea.example/1")),
            (at(2200), Op::Wake),
            (at(2300), Op::Input(Input::Command(Command::Shutdown))),
            (at(2400), Op::Input(Input::Answer { token: 99, answer: Answer::Yes })),
            (at(3000), Op::Wake),
            (at(3000), Op::Wake),
            (at(3100), iq("later")),
            (at(3200), iq("ping")),
        ]
    }

    fn broken_by(fault: Fault) -> Option<u8> {
        let torn = [1000, 5, 900, 100_000, 7, 3, 9, 100, 0, 3, u64::MAX].map(Time::from_millis);
        let make = || Toy::with(fault);
        let bounds = Bounds::actions(10);
        let found = all(make, &script(), &bounds, 7).and_then(|()| timeless(make, &script(), torn));
        found.err().map(|broken| broken.law)
    }

    #[test]
    fn a_lawful_machine_breaks_no_law() {
        assert_eq!(broken_by(Fault::None), None);
        for cut in 0..=script().len() {
            restored(Toy::default, &script(), cut).unwrap();
        }
        damaged(&Toy::default(), 0..2000).unwrap();
    }

    #[test]
    fn each_fault_breaks_its_law() {
        for (fault, law) in [
            (Fault::Random, 1),
            (Fault::ChangesOnMisuse, 2),
            (Fault::ChangesOnEarlyWake, 3),
            (Fault::NeverRests, 4),
            (Fault::BelievesTheClock, 5),
            (Fault::ForgetsADeadline, 6),
            (Fault::Chatters, 7),
            (Fault::RepeatsRecipients, 9),
        ] {
            assert_eq!(broken_by(fault), Some(law), "{fault:?}");
        }
    }

    #[test]
    fn a_body_that_is_not_canonical_breaks_law_6() {
        let mut body = Vec::new();
        Toy::with(Fault::AcceptsAnything).save_body(&mut body);
        assert!(canonical::<Toy>(1, &body).is_ok_and(|toy| toy.is_some()));
        body.push(0);
        assert_eq!(canonical::<Toy>(1, &body).unwrap_err().law, 6);
    }

    #[test]
    fn what_is_related_does_not_commute() {
        let all = script();
        let (one, other) = (&all[0], &all[3]);
        assert_eq!(commuting(Toy::default, &[], one, other).unwrap_err().law, 10);
        let idle = (Time::from_millis(1000), Op::Wake);
        commuting(Toy::default, &all[..1], &idle, &(Time::from_millis(1000), all[10].1.clone())).unwrap();
    }

    #[test]
    fn misuse_is_found_out_for_one_input_too() {
        let command = || Input::Command(Command::Shutdown);
        assert!(try_input(&mut Toy::default(), Time::EPOCH, command()).is_ok_and(|done| done.is_err()));
        assert_eq!(try_input(&mut Toy::with(Fault::ChangesOnMisuse), Time::EPOCH, command()).unwrap_err().law, 2);
    }
}
