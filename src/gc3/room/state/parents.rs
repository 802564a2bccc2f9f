//! What the host said about accounts and the parent space (SP6).

use super::State;
use crate::gc3::host::ParentFact;

impl State {
    /// What the host said about an account and the parent space, while it is believed.
    pub(crate) fn fact(&self, bare: &str, uri: &str, fact: ParentFact) -> Option<bool> {
        let &(yes, at) = self.facts.get(&(bare.into(), uri.into(), fact))?;
        (self.now.since(at) < self.limits.parent_cached).then_some(yes)
    }

    /// Keeps what the host said. What is not believed any more goes when there is much.
    pub(crate) fn learn(&mut self, bare: &str, uri: &str, fact: ParentFact, yes: bool) {
        let (now, believed) = (self.now, self.limits.parent_cached);
        if self.facts.len() >= self.limits.rates_remembered {
            self.facts.retain(|_, &mut (_, at)| now.since(at) < believed);
        }
        // Strangers can have as much asked as they like: what was said longest ago is asked again.
        while self.facts.len() >= self.limits.rates_remembered.max(1) {
            let Some(oldest) = self.facts.iter().min_by_key(|(_, (_, at))| *at).map(|(about, _)| about.clone()) else {
                break;
            };
            self.facts.remove(&oldest);
        }
        self.facts.insert((bare.into(), uri.into(), fact), (yes, now));
    }
}
