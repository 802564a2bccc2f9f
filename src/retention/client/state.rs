//! What a client remembers: what the service offers, and each upload that is under way. Plain data; nothing here decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::host::Wanted;
use crate::limits::RetentionClientLimits;
use crate::retention::Purpose;
use crate::retention::host::Token;
use crate::seed::Seed;
use crate::snapshot::{self, Corrupt};
use crate::time::Time;

/// What a service offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offer {
    pub(super) at: Time,
    /// By purpose. Messages are always taken.
    pub(super) offered: [bool; 4],
    /// The largest file, by purpose.
    pub(super) max: [Option<u64>; 4],
}

/// How far an upload has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It waits until the service has said what it offers.
    Choosing,
    /// The user is asked.
    Asking,
    /// A slot is asked for, under that id.
    Requested { id: Box<str>, until: Time },
    /// The next try is then.
    Waiting { until: Time },
    /// The file is on its way.
    Putting { put: Box<str>, get: Box<str>, headers: Vec<(Box<str>, Box<str>)>, again: bool },
    /// It is uploaded as a message, and kept in mind.
    Kept,
}

/// A file that is uploaded, or kept in mind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) file: Wanted,
    /// The purpose that its use asks for, and when it must be gone.
    pub(super) wish: Purpose,
    pub(super) end: Option<Time>,
    /// The purpose that it is asked with.
    pub(super) purpose: Purpose,
    /// The user agreed to less than the wish, or was warned.
    pub(super) settled: bool,
    /// Slots asked for.
    pub(super) tries: u32,
    pub(super) stage: Stage,
}

/// The question what the service offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) id: Box<str>,
    pub(super) until: Time,
}

/// Everything that a client remembers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) service: Box<str>,
    pub(super) limits: RetentionClientLimits,
    pub(super) seed: Seed,
    pub(super) now: Time,
    pub(super) drawn: u64,
    pub(super) offer: Option<Offer>,
    pub(super) asked: Option<Asked>,
    /// The smallest limits that a refusal named, by purpose.
    pub(super) refused: [Option<u64>; 4],
    pub(super) uploads: BTreeMap<Token, Upload>,
    /// When uploads go on. Follows from their stages.
    #[serde(skip)]
    pub(super) timers: BTreeSet<(Time, Token)>,
    /// The uploads by the ids of their requests. Follows from their stages.
    #[serde(skip)]
    pub(super) ids: BTreeMap<Box<str>, Token>,
}

impl State {
    /// Brings an upload to another stage.
    pub(super) fn stage(&mut self, token: Token, stage: Stage) {
        let Some(upload) = self.uploads.get_mut(&token) else { return };
        let old = core::mem::replace(&mut upload.stage, stage);
        let new = upload.stage.clone();
        self.unindex(token, &old);
        self.index(token, &new);
    }

    pub(super) fn index(&mut self, token: Token, stage: &Stage) {
        match stage {
            Stage::Requested { id, until } => {
                self.ids.insert(id.clone(), token);
                self.timers.insert((*until, token));
            }
            Stage::Waiting { until } => {
                self.timers.insert((*until, token));
            }
            _ => {}
        }
    }

    fn unindex(&mut self, token: Token, stage: &Stage) {
        match stage {
            Stage::Requested { id, until } => {
                self.ids.remove(id);
                self.timers.remove(&(*until, token));
            }
            Stage::Waiting { until } => {
                self.timers.remove(&(*until, token));
            }
            _ => {}
        }
    }

    /// Forgets an upload.
    pub(super) fn forget(&mut self, token: Token) -> Option<Upload> {
        let upload = self.uploads.remove(&token)?;
        self.unindex(token, &upload.stage);
        Some(upload)
    }

    /// The largest file that is known to be taken for a purpose.
    pub(super) fn max(&self, purpose: Purpose) -> Option<u64> {
        let offered = self.offer.and_then(|offer| offer.max[purpose.index()]);
        offered.into_iter().chain(self.refused[purpose.index()]).min()
    }

    /// Whether what the service offers is known, and recent.
    pub(super) fn known(&self) -> Option<Offer> {
        self.offer.filter(|offer| offer.at.plus(self.limits.believed) > self.now)
    }

    /// How many uploads are under way, and how many are kept in mind.
    pub(super) fn counts(&self) -> (usize, usize) {
        let kept = self.uploads.values().filter(|upload| upload.stage == Stage::Kept).count();
        (self.uploads.len() - kept, kept)
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        let asked = self.asked.is_some();
        for upload in self.uploads.values() {
            if upload.stage == Stage::Choosing && !asked {
                return Err("an upload waits for a question that is not open");
            }
            if upload.end.is_some() != (upload.wish == Purpose::Ephemeral) {
                return Err("an upload has an end that its purpose does not have");
            }
        }
        let stages = || self.uploads.values().map(|upload| &upload.stage);
        let requested = stages().filter(|stage| matches!(stage, Stage::Requested { .. })).count();
        let waiting = stages().filter(|stage| matches!(stage, Stage::Waiting { .. })).count();
        if requested != self.ids.len() || requested + waiting != self.timers.len() {
            return Err("two uploads have one id");
        }
        if crate::codec::parse_jid(&self.service).is_none_or(|jid| *jid.as_str() != *self.service) {
            return Err("the service has no address");
        }
        Ok(())
    }

    pub(super) fn load(body: &[u8]) -> Result<Self, Corrupt> {
        let mut state: Self = snapshot::take(body)?;
        let stages: Vec<_> = state.uploads.iter().map(|(token, upload)| (*token, upload.stage.clone())).collect();
        for (token, stage) in stages {
            state.index(token, &stage);
        }
        state.check().map_err(Corrupt::Body)?;
        snapshot::canonical(&state, body)?;
        Ok(state)
    }
}
