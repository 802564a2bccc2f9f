//! Passing over what is refused, in a stream that must live on.

use minidom::Element;
use minidom::rxml::RawEvent;

use super::{Incoming, ReadFault, Reader, State};
use crate::codec::Stanza;

impl Reader {
    /// Takes an event, and passes over the stanza if that shows what is wrong with it.
    pub(super) fn event_or_pass(&mut self, event: RawEvent) -> Result<Option<Incoming>, ReadFault> {
        let stanza = matches!(self.state, State::Inside { header: false });
        match event {
            RawEvent::ElementHeadOpen(..) if stanza => self.nesting += 1,
            RawEvent::ElementFoot(_) => self.nesting = self.nesting.saturating_sub(1),
            _ => {}
        }
        if let Some(fault) = self.refused {
            return Ok((self.nesting == 0).then(|| self.passed(fault)));
        }
        match self.event(event) {
            Err(fault) => self.pass_over(fault).map(|()| None),
            found => found,
        }
    }

    /// Gives up the present stanza, keeping no more of it than its first tag. Between stanzas there is none to give up.
    pub(super) fn pass_over(&mut self, fault: ReadFault) -> Result<(), ReadFault> {
        if !self.forgiving || self.nesting == 0 {
            return Err(fault);
        }
        for level in (1..=self.open.len() + 1).rev() {
            self.scope.leave(level);
        }
        self.open.truncate(1);
        if let Some(root) = self.open.first_mut() {
            let mut bare = Element::bare(root.name(), root.ns());
            core::mem::swap(bare.attrs_mut(), root.attrs_mut());
            *root = bare;
        }
        self.head = None;
        self.raw.clear();
        self.refused = Some(fault);
        Ok(())
    }

    /// The end of what was passed over.
    fn passed(&mut self, fault: ReadFault) -> Incoming {
        let header = self.open.pop().and_then(|root| Stanza::of_canonical(root).ok());
        self.next_unit();
        self.state = State::Idle;
        Incoming::Refused(header.map(Box::new), fault)
    }
}
