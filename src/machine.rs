//! The contract, on one page: what a machine is, what it says, and to whom.
//!
//! A machine is handed an input and the time, and says at once everything that follows from it, into a [`Sink`] that
//! the caller lends. When the call returns there is nothing left to drain: any moment between two calls is complete.
//!
//! > Journal the input (or the due wake) with its time, then make the call. Replaying the journal rebuilds the machine
//! > bit for bit.

use core::fmt;

use crate::codec::Outgoing;
use crate::party::Audience;
use crate::rule::Rule;
use crate::time::Time;

/// The one thing everything in this crate is.
///
/// ```
/// use core::convert::Infallible;
/// use xmpp_machines::time::Span;
/// use xmpp_machines::{Action, Machine, Misuse, Sink, Time};
///
/// xmpp_machines::rules! { "tea"; T1 "T1" "PROFILE#brewing" "Leaves stand for three minutes."; }
///
/// /// Tells when each pot is ready. A host need not do anything for it: it has no orders.
/// struct Kettle {
///     ready: Option<Time>,
/// }
///
/// impl Machine for Kettle {
///     type Input = ();
///     type Order = Infallible;
///     type Notice = &'static str;
///
///     fn handle(&mut self, now: Time, (): (), _: &mut dyn Sink<Infallible, &'static str>) -> Result<(), Misuse> {
///         self.ready = Some(now.plus(Span::from_mins(3)));
///         Ok(())
///     }
///
///     fn wake(&mut self, now: Time, out: &mut dyn Sink<Infallible, &'static str>) {
///         if self.ready.take_if(|ready| *ready <= now).is_some() {
///             out.push(T1, Action::Tell("tea"));
///         }
///     }
///
///     fn deadline(&self) -> Option<Time> {
///         self.ready
///     }
/// }
///
/// let mut kettle = Kettle { ready: None };
/// kettle.handle_with(Time::from_millis(0), (), |_, _| {})?;
/// let due = kettle.deadline().unwrap();
/// let mut heard = Vec::new();
/// kettle.wake_with(due, |why, action| {
///     if let Action::Tell(what) = action {
///         heard.push((why.id(), what));
///     }
/// });
/// assert_eq!((due.millis(), heard), (180_000, vec![("tea.T1", "tea")]));
/// # Ok::<(), Misuse>(())
/// ```
pub trait Machine {
    /// What goes in. Owned; the host journals it before the call.
    type Input;
    /// What the host must do for the machine. Closed: a host matches every variant.
    type Order;
    /// What the host may like to know. Open: a host matches what interests it.
    type Notice;

    /// Takes one input and says everything that follows from it.
    ///
    /// The latest time seen advances to `now`; an earlier `now` counts as the latest time seen.
    ///
    /// # Errors
    /// [`Misuse`] if the embedding program did what it must not. It never depends on bytes from the network. Nothing
    /// has changed and nothing was said.
    fn handle(
        &mut self,
        now: Time,
        input: Self::Input,
        out: &mut dyn Sink<Self::Order, Self::Notice>,
    ) -> Result<(), Misuse>;

    /// Does what has become due. Before the [`deadline`](Self::deadline) it does nothing at all, also where `now` is
    /// earlier than the latest time seen; afterwards the deadline is none or later than `now`.
    fn wake(&mut self, now: Time, out: &mut dyn Sink<Self::Order, Self::Notice>);

    /// When to call [`wake`](Self::wake) next, if nothing comes in before.
    fn deadline(&self) -> Option<Time>;

    /// [`handle`](Self::handle) with a closure whose arguments need no annotation.
    ///
    /// # Errors
    /// As `handle`.
    fn handle_with(
        &mut self,
        now: Time,
        input: Self::Input,
        mut out: impl FnMut(Rule, Action<'_, Self::Order, Self::Notice>),
    ) -> Result<(), Misuse>
    where
        Self: Sized,
    {
        self.handle(now, input, &mut out)
    }

    /// [`wake`](Self::wake) with a closure whose arguments need no annotation.
    fn wake_with(&mut self, now: Time, mut out: impl FnMut(Rule, Action<'_, Self::Order, Self::Notice>))
    where
        Self: Sized,
    {
        self.wake(now, &mut out);
    }
}

/// What a machine says. The three lanes are the contract and will stay three.
#[derive(Debug)]
pub enum Action<'a, O, N> {
    /// One stanza to any number of recipients: one action, however many they are.
    Send {
        /// Who receives it, in seat order, each once.
        to: Audience<'a>,
        /// The stanza, written once; only the `to` differs.
        stanza: &'a Outgoing,
    },
    /// Something the host must do, and may have to answer.
    Do(O),
    /// Something the host may like to know.
    Tell(N),
}

/// Where a machine says things. Closures are sinks, and so are [`Outbox`](crate::Outbox) and the transcript of `sim`.
pub trait Sink<O, N> {
    /// Takes one action and the rule that decided it. Borrowed parts live until this returns.
    fn push(&mut self, why: Rule, action: Action<'_, O, N>);
}

impl<O, N, F> Sink<O, N> for F
where
    F: FnMut(Rule, Action<'_, O, N>),
{
    fn push(&mut self, why: Rule, action: Action<'_, O, N>) {
        self(why, action);
    }
}

/// A child's view of its parent's sink: maps what the child orders and tells, and passes rules and stanzas through.
///
/// What maps to `None` stays with the parent: an order that it follows itself, a notice that concerns nobody else.
#[expect(missing_debug_implementations, reason = "holds a sink and two closures")]
pub struct Within<'s, O, N, FO, FN> {
    /// The parent's sink.
    pub out: &'s mut dyn Sink<O, N>,
    /// What an order of the child is to the host of the parent, if anything.
    pub order: FO,
    /// What a notice of the child is to the host of the parent, if anything.
    pub notice: FN,
}

impl<O, N, CO, CN, FO, FN> Sink<CO, CN> for Within<'_, O, N, FO, FN>
where
    FO: FnMut(CO) -> Option<O>,
    FN: FnMut(CN) -> Option<N>,
{
    fn push(&mut self, why: Rule, action: Action<'_, CO, CN>) {
        match action {
            Action::Send { to, stanza } => self.out.push(why, Action::Send { to, stanza }),
            Action::Do(order) => {
                if let Some(order) = (self.order)(order) {
                    self.out.push(why, Action::Do(order));
                }
            }
            Action::Tell(notice) => {
                if let Some(notice) = (self.notice)(notice) {
                    self.out.push(why, Action::Tell(notice));
                }
            }
        }
    }
}

/// The embedding program did something that it must not. The text says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// An answer came to a question that is not open: it was never asked, is answered already, or its time was over
    /// in an earlier call. A host whose store may answer late passes over this error: nothing has changed.
    NotAsked {
        /// The token that came with the answer.
        token: u64,
    },
    /// An answer is of another kind than the question.
    WrongAnswer {
        /// The token that came with the answer.
        token: u64,
        /// What would have been an answer.
        wanted: &'static str,
    },
    /// A configuration or a command that the machine cannot follow.
    Impossible {
        /// What is wrong, and what to do.
        what: &'static str,
    },
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAsked { token } => {
                write!(f, "question {token} is not open: answer each `Order` that carries a token at most once")
            }
            Self::WrongAnswer { token, wanted } => write!(f, "question {token} wants {wanted} as its answer"),
            Self::Impossible { what } => f.write_str(what),
        }
    }
}

impl core::error::Error for Misuse {}
