//! The client as a machine.

use std::collections::{BTreeMap, BTreeSet};

use super::host::{ClientInput, ClientNotice, ClientOrder, GaveUp, Wanted};
use super::state::{Stage, State, Upload};
use crate::codec::{Stanza, StanzaKind, StanzaType};
use crate::limits::RetentionClientLimits;
use crate::machine::{Action, Machine, Misuse, Sink};
use crate::retention::host::Token;
use crate::retention::rules::client as rule;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt, Snapshot};
use crate::time::Time;

/// Where a client says things.
pub(super) type Out<'a> = dyn Sink<ClientOrder, ClientNotice> + 'a;

/// Uploads files to one service.
///
/// Its program hands it the stanzas of that service, makes the PUTs that it orders, and asks its user what it wants
/// asked. See [the example](crate::retention) of the module.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) state: State,
}

impl Client {
    /// A client of the service at that address. The ids of its requests are drawn from `seed`.
    ///
    /// # Errors
    /// [`Misuse::Impossible`] if the address is none.
    pub fn new(service: &str, limits: RetentionClientLimits, seed: Seed) -> Result<Self, Misuse> {
        let what = "the upload service is named by its address as disco#items gives it";
        let jid = crate::codec::parse_jid(service).ok_or(Misuse::Impossible { what })?;
        let state = State {
            service: jid.as_str().into(),
            limits,
            seed,
            now: Time::EPOCH,
            drawn: 0,
            offer: None,
            asked: None,
            refused: [None; 4],
            uploads: BTreeMap::new(),
            timers: BTreeSet::new(),
            ids: BTreeMap::new(),
        };
        Ok(Self { state })
    }

    /// How many uploads are under way or kept in mind.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.uploads.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.uploads.is_empty()
    }

    /// Whether everything in it fits together.
    ///
    /// # Errors
    /// What does not fit. A client never gets there by its inputs; this is for tests.
    pub fn check(&self) -> Result<(), &'static str> {
        self.state.check()
    }

    fn misused(&self, input: &ClientInput) -> Result<(), Misuse> {
        let stage = |token: &Token| self.state.uploads.get(token).map(|upload| &upload.stage);
        match input {
            ClientInput::Stanza(_) => Ok(()),
            ClientInput::Upload { token, file } => {
                let what = if self.state.uploads.contains_key(token) {
                    "this number is in use: choose another one for each upload"
                } else if file.size == 0 || file.name.is_empty() {
                    "a file has a name and at least one byte"
                } else if self.state.counts().0 >= self.state.limits.uploads {
                    "too many uploads are under way: wait for the end of one"
                } else {
                    return Ok(());
                };
                Err(Misuse::Impossible { what })
            }
            ClientInput::Put { token, .. } => match stage(token) {
                Some(Stage::Putting { .. }) => Ok(()),
                _ => Err(Misuse::NotAsked { token: *token }),
            },
            ClientInput::Consent { token, .. } => match stage(token) {
                Some(Stage::Asking) => Ok(()),
                _ => Err(Misuse::NotAsked { token: *token }),
            },
            ClientInput::Lost { token } => match stage(token) {
                Some(Stage::Kept) => Ok(()),
                _ => Err(Misuse::NotAsked { token: *token }),
            },
            ClientInput::Cancel { token } => match stage(token) {
                Some(_) => Ok(()),
                None => Err(Misuse::NotAsked { token: *token }),
            },
        }
    }

    fn upload(&mut self, token: Token, file: Wanted, out: &mut Out<'_>) {
        let (wish, end) = file.for_.purpose(self.state.now, self.state.limits.reading);
        let upload = Upload {
            file,
            wish,
            end,
            purpose: wish,
            settled: false,
            tries: 0,
            stage: Stage::Waiting { until: self.state.now },
        };
        self.state.timers.insert((self.state.now, token));
        self.state.uploads.insert(token, upload);
        self.choose(token, out);
    }

    fn stanza(&mut self, stanza: &Stanza, out: &mut Out<'_>) {
        let from = stanza.from.as_ref().is_some_and(|from| *from.as_str() == *self.state.service);
        let answer = matches!(stanza.type_, StanzaType::Result | StanzaType::Error);
        let id = stanza.id.as_deref().filter(|_| from && answer && stanza.kind == StanzaKind::Iq);
        let asked = self.state.asked.as_ref();
        if id.is_some() && asked.is_some_and(|asked| Some(&*asked.id) == id) {
            return self.discovered(Some(stanza), out);
        }
        match id.and_then(|id| self.state.ids.get(id)).copied() {
            Some(token) => self.answered(token, stanza, out),
            None => out.push(rule::C17, Action::Tell(ClientNotice::Dropped)),
        }
    }

    /// Does what is due by now.
    fn due(&mut self, out: &mut Out<'_>) {
        let now = self.state.now;
        if self.state.asked.as_ref().is_some_and(|asked| asked.until <= now) {
            self.discovered(None, out);
        }
        while let Some(&(_, token)) = self.state.timers.first().filter(|(at, _)| *at <= now) {
            match self.state.uploads.get(&token).map(|upload| &upload.stage) {
                // It did not answer.
                Some(Stage::Requested { .. }) => self.back_off(token, out),
                _ => self.choose(token, out),
            }
            // The end of time never passes.
            if self.state.timers.first().is_some_and(|(at, other)| *other == token && *at <= now) {
                return self.give_up(token, rule::C16, GaveUp::Exhausted, out);
            }
        }
    }
}

impl Machine for Client {
    type Input = ClientInput;
    type Order = ClientOrder;
    type Notice = ClientNotice;

    fn handle(&mut self, now: Time, input: ClientInput, out: &mut Out<'_>) -> Result<(), Misuse> {
        self.misused(&input)?;
        self.state.now = self.state.now.max(now);
        match input {
            ClientInput::Stanza(stanza) => self.stanza(&stanza, out),
            ClientInput::Upload { token, file } => self.upload(token, file, out),
            ClientInput::Put { token, status } => self.put_ended(token, status, out),
            ClientInput::Consent { token, yes: true } => {
                if let Some(upload) = self.state.uploads.get_mut(&token) {
                    upload.settled = true;
                }
                self.choose(token, out);
            }
            ClientInput::Consent { token, yes: false } => self.give_up(token, rule::C4, GaveUp::Declined, out),
            ClientInput::Lost { token } => {
                out.push(rule::C14, Action::Tell(ClientNotice::Again { token }));
                self.choose(token, out);
            }
            ClientInput::Cancel { token } => self.give_up(token, rule::C18, GaveUp::Cancelled, out),
        }
        Ok(())
    }

    fn wake(&mut self, now: Time, out: &mut Out<'_>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        self.state.now = self.state.now.max(now);
        self.due(out);
    }

    fn deadline(&self) -> Option<Time> {
        let asked = self.state.asked.as_ref().map(|asked| asked.until);
        let timer = self.state.timers.first().map(|(at, _)| *at);
        asked.into_iter().chain(timer).min()
    }
}

impl Snapshot for Client {
    const FORMAT: u16 = 1;
    const KIND: &'static str = "retention-client";

    fn save_body(&self, into: &mut Vec<u8>) {
        snapshot::put(&self.state, into);
    }

    fn load_body(format: u16, body: &[u8]) -> Result<Self, Corrupt> {
        if format != Self::FORMAT {
            return Err(Corrupt::Format(format));
        }
        State::load(body).map(|state| Self { state })
    }
}
