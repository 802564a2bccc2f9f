//! Requests for slots: what is asked is judged, what is granted is reserved, and the answer is written.

use minidom::Element;

use super::ledger::View;
use super::machine::{Out, Service, result};
use super::state::Slot;
use crate::codec::{Header, Outgoing, Stanza, StanzaError, StanzaKind, StanzaType};
use crate::machine::Action;
use crate::ns;
use crate::party::Audience;
use crate::retention::host::Notice;
use crate::retention::http::percent;
use crate::retention::judge::{self, Denial, Grant, SlotRequest, Verdict};
use crate::retention::policy::BucketName;
use crate::retention::slot::SlotId;
use crate::retention::token::Pass;
use crate::retention::wire;
use crate::rule::Rule;

impl Service {
    /// Answers a request for a slot.
    pub(super) fn request(&mut self, stanza: &Stanza, payload: &Element, out: &mut Out<'_>) {
        let Some(owner) = stanza.from.as_ref().map(|from| from.to_bare()) else { return };
        let request = wire::request(payload);
        let (why, verdict) = self.judge(owner.as_str(), &request);
        match verdict {
            Verdict::Deny(denial) => deny(out, why, stanza, payload, &denial),
            Verdict::Grant(grant) => self.grant(owner.as_str(), stanza, &request, grant, why, out),
        }
    }

    /// What would be decided about a request of an account now, as far as this service has seen the time. Nothing
    /// changes.
    #[must_use]
    pub fn judge(&self, account: &str, request: &SlotRequest<'_>) -> (Rule, Verdict) {
        let state = &self.state;
        let view = View { state, account: state.find_account(account), stored_only: false };
        judge::judge(&state.policy, &state.limits, state.class_of(account), &view, request, state.now)
    }

    fn grant(
        &mut self,
        owner: &str,
        stanza: &Stanza,
        request: &SlotRequest<'_>,
        grant: Grant,
        why: Rule,
        out: &mut Out<'_>,
    ) {
        let state = &mut self.state;
        let name = grant.directory.as_deref().map_or(BucketName::Of(grant.purpose), BucketName::Directory);
        let Some(bucket) = state.bucket_number(name) else { return };
        let account = state.need_account(owner);
        let lot = state.need_lot(account, bucket);
        if let Some(rate) = state.terms(lot).map(|(_, bucket)| bucket.rate) {
            state.count_slot(lot, rate);
        }
        let number = state.granted.saturating_add(1);
        let id = SlotId::of(&state.seed.draw_nth("slot", number));
        let until = state.now.plus(state.policy.slot_for);
        let size = request.size.unwrap_or_default();
        let plan: Vec<u32> = grant.plan.files.iter().filter_map(|file| u32::try_from(file.file).ok()).collect();
        let slot = Slot {
            id,
            lot,
            name: request.name.into(),
            size,
            content_type: request.content_type.map(Into::into),
            expire_before: grant.expire_before,
            granted: state.now,
            until,
            put: None,
            plan,
            bucket_target: grant.plan.bucket_target,
            service_target: grant.plan.service_target,
            net: (0, 0, 0, 0),
        };
        state.reserve(number, slot);

        let path = format!("{id}/{}", percent(request.name));
        let header = Pass { size, until }.sign(&self.config.secret, id);
        result(out, why, stanza, |writer| {
            writer.open("slot", ns::UPLOAD);
            writer.open("put", ns::UPLOAD).attr("url", &format!("{}{path}", self.config.put_base));
            writer.open("header", ns::UPLOAD).attr("name", "Authorization").text(&header).close();
            writer.close();
            writer.open("get", ns::UPLOAD).attr("url", &format!("{}{path}", self.config.get_base)).close();
            writer.close();
        });
        let plan = self.planned(number);
        let owner = self.state.account(account).map_or_else(|| owner.into(), |account| account.jid.clone());
        out.push(why, Action::Tell(Notice::Granted { slot: id, owner, until, plan }));
    }

    /// The files that are planned for a slot.
    pub(super) fn planned(&self, number: u64) -> Vec<SlotId> {
        let plan = self.state.slots.get(&number).map(|slot| slot.plan.as_slice()).unwrap_or_default();
        plan.iter().filter_map(|index| Some(self.state.file(*index)?.id)).collect()
    }
}

/// Refuses a slot, with the request beside the error (XEP-0363 §6).
fn deny(out: &mut Out<'_>, why: Rule, stanza: &Stanza, payload: &Element, denial: &Denial) {
    let Some(to) = stanza.sender() else { return };
    let header = Header {
        kind: StanzaKind::Iq,
        type_: StanzaType::Error,
        from: stanza.element.attr("to").unwrap_or_default(),
        id: stanza.id.as_deref(),
        lang: None,
    };
    let answer = Outgoing::new(&header, |writer| {
        writer.element(payload);
        let error = StanzaError::new(denial.type_, denial.condition).text(why.says());
        error.write_with(writer, |writer| {
            if let Some(max) = denial.max_file_size {
                writer.open("file-too-large", ns::UPLOAD);
                writer.leaf("max-file-size", ns::UPLOAD, &max.to_string()).close();
            }
            if let Some(retry) = denial.retry {
                writer.open("retry", ns::UPLOAD).attr("stamp", &retry.to_string()).close();
            }
        });
    });
    out.push(why, Action::Send { to: Audience::one(to), stanza: &answer });
}
