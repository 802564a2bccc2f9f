//! From a choice to a stored file: what is asked for, what is done with the answer, and when it is tried again.

use super::host::{ClientNotice, ClientOrder, GaveUp, Warning};
use super::machine::{Client, Out};
use super::read;
use super::state::{Asked, Stage};
use crate::codec::{Condition, ErrorType, Header, Outgoing, Stanza, StanzaKind, StanzaType, Writer};
use crate::machine::Action;
use crate::ns;
use crate::party::Audience;
use crate::retention::Purpose;
use crate::retention::host::Token;
use crate::retention::rules::client as rule;
use crate::rule::Rule;
use crate::time::{Span, Time};

impl Client {
    /// Goes on with an upload that waits for a choice: asks what is offered, or chooses (C1 to C6).
    pub(super) fn choose(&mut self, token: Token, out: &mut Out<'_>) {
        let Some(offer) = self.state.known() else {
            self.state.stage(token, Stage::Choosing);
            return self.discover(out);
        };
        let Some(upload) = self.state.uploads.get_mut(&token) else { return };
        let offered = offer.offered[upload.wish.index()];
        upload.purpose = if offered { upload.wish } else { Purpose::Message };
        let (why, warning) = match upload.wish {
            Purpose::Profile => (rule::C3, Warning::ProfileAsMessage),
            Purpose::Permanent => (rule::C4, Warning::PermanentAsMessage),
            _ => (rule::C5, Warning::EphemeralAsMessage),
        };
        if !offered && !upload.settled {
            if upload.wish == Purpose::Profile {
                // It can be put right later: a word is enough.
                upload.settled = true;
                out.push(why, Action::Do(ClientOrder::Warn { token, warning }));
            } else {
                self.state.stage(token, Stage::Asking);
                return out.push(why, Action::Do(ClientOrder::Ask { token, warning }));
            }
        }
        self.ask(token, out);
    }

    /// Asks the service what it offers, unless that is under way.
    fn discover(&mut self, out: &mut Out<'_>) {
        if self.state.asked.is_some() {
            return;
        }
        let id = self.draw();
        let until = self.state.now.plus(self.state.limits.answer_for);
        self.send(rule::C1, &id, out, |writer| {
            writer.open("query", ns::DISCO_INFO).close();
        });
        self.state.asked = Some(Asked { id, until });
    }

    /// The service said what it offers, or did not.
    pub(super) fn discovered(&mut self, stanza: Option<&Stanza>, out: &mut Out<'_>) {
        self.state.asked = None;
        let info = stanza.filter(|stanza| stanza.type_ == StanzaType::Result).and_then(Stanza::payload);
        let info = info.filter(|info| info.is("query", ns::DISCO_INFO));
        let waiting = self.state.uploads.iter().filter(|(_, upload)| upload.stage == Stage::Choosing);
        let waiting: Vec<Token> = waiting.map(|(token, _)| *token).collect();
        let later =
            stanza.is_none_or(|stanza| read::details(stanza).0.is_some_and(|error| error.type_ == ErrorType::Wait));
        self.state.offer = info.and_then(|info| read::offer(info, &self.state.limits, self.state.now));
        for token in waiting {
            if self.state.offer.is_some() {
                self.choose(token, out);
            } else if later {
                self.back_off(token, out);
            } else {
                self.give_up(token, rule::C1, GaveUp::NotOffered, out);
            }
        }
    }

    /// Asks for a slot (C2, C6, C16).
    pub(super) fn ask(&mut self, token: Token, out: &mut Out<'_>) {
        let now = self.state.now;
        let Some(upload) = self.state.uploads.get(&token) else { return };
        if upload.end.is_some_and(|end| end <= now) {
            return self.give_up(token, rule::C16, GaveUp::Expired, out);
        }
        if let Some(max) = self.state.max(upload.purpose).filter(|max| upload.file.size > *max) {
            return self.give_up(token, rule::C6, GaveUp::TooLarge { max }, out);
        }
        if upload.tries >= self.state.limits.tries {
            return self.give_up(token, rule::C16, GaveUp::Exhausted, out);
        }
        let id = self.draw();
        let until = now.plus(self.state.limits.answer_for);
        let Some(upload) = self.state.uploads.get_mut(&token) else { return };
        upload.tries += 1;
        let (file, purpose, end) = (upload.file.clone(), upload.purpose, upload.end);
        self.state.stage(token, Stage::Requested { id: id.clone(), until });
        self.send(rule::C2, &id, out, |writer| {
            writer.open("request", ns::UPLOAD).attr("filename", &file.name).attr("size", &file.size.to_string());
            writer.attr_opt("content-type", file.content_type.as_deref());
            // What is assumed anyway is not said: services before version 1.2.0 do not know it.
            if purpose != Purpose::Message {
                writer.open(purpose.as_str(), ns::UPLOAD_PURPOSE);
                if let Some(end) = end.filter(|_| purpose == Purpose::Ephemeral) {
                    writer.attr("expire-before", &end.to_string());
                }
                writer.close();
            }
            writer.close();
        });
    }

    /// The service answered a request for a slot (C7, C8, C11 to C13).
    pub(super) fn answered(&mut self, token: Token, stanza: &Stanza, out: &mut Out<'_>) {
        if stanza.type_ == StanzaType::Result {
            let granted = stanza.payload().and_then(|payload| read::slot(payload, &self.state.limits));
            return match granted {
                Some(slot) => {
                    let stage = Stage::Putting { put: slot.put, get: slot.get, headers: slot.headers, again: false };
                    self.state.stage(token, stage);
                    self.put(token, rule::C9, out);
                }
                None => self.give_up(token, rule::C13, GaveUp::Broken, out),
            };
        }
        let (error, max, retry) = read::details(stanza);
        let Some((error, upload)) = error.zip(self.state.uploads.get(&token)) else { return };
        let purpose = upload.purpose;
        if let Some(max) = max {
            let known = &mut self.state.refused[purpose.index()];
            *known = Some(known.map_or(max, |before| before.min(max)));
            return self.give_up(token, rule::C11, GaveUp::TooLarge { max }, out);
        }
        match (error.type_, error.condition) {
            (ErrorType::Wait, _) => match retry {
                Some(at) => {
                    let longest = self.state.now.plus(self.state.limits.longest);
                    self.wait(token, rule::C7, at.max(self.state.now).min(longest), out);
                }
                None => self.back_off(token, out),
            },
            (_, Condition::FeatureNotImplemented) if purpose != Purpose::Message => {
                // It was offered, and is no more.
                self.state.offer = None;
                out.push(rule::C12, Action::Tell(ClientNotice::Again { token }));
                self.choose(token, out);
            }
            (_, Condition::Forbidden | Condition::NotAuthorized | Condition::NotAllowed) => {
                self.give_up(token, rule::C11, GaveUp::Forbidden, out);
            }
            (ErrorType::Modify, _) => self.give_up(token, rule::C11, GaveUp::NotAcceptable, out),
            _ => self.give_up(token, rule::C11, GaveUp::Broken, out),
        }
    }

    /// Orders the PUT of a slot.
    fn put(&self, token: Token, why: Rule, out: &mut Out<'_>) {
        let Some(upload) = self.state.uploads.get(&token) else { return };
        if let Stage::Putting { put, headers, .. } = &upload.stage {
            let (url, headers) = (put.clone(), headers.clone());
            let (size, content_type) = (upload.file.size, upload.file.content_type.clone());
            out.push(why, Action::Do(ClientOrder::Put { token, url, headers, size, content_type }));
        }
    }

    /// A PUT ended (C10, C15).
    pub(super) fn put_ended(&mut self, token: Token, status: Option<u16>, out: &mut Out<'_>) {
        let limits = self.state.limits;
        let (_, kept) = self.state.counts();
        let Some(upload) = self.state.uploads.get_mut(&token) else { return };
        let Stage::Putting { get, again, .. } = &mut upload.stage else { return };
        match status {
            Some(200..=299) => {
                let url = get.clone();
                out.push(rule::C15, Action::Do(ClientOrder::Uploaded { token, url }));
                let less = upload.wish == Purpose::Profile && upload.purpose != Purpose::Profile;
                if less && kept < limits.kept {
                    upload.tries = 0;
                    self.state.stage(token, Stage::Kept);
                } else {
                    self.state.forget(token);
                }
            }
            // It may have arrived: the service answers 409 if so, and a new slot is asked for.
            None if !*again => {
                *again = true;
                self.put(token, rule::C10, out);
            }
            _ => {
                out.push(rule::C10, Action::Tell(ClientNotice::Again { token }));
                self.back_off(token, out);
            }
        }
    }

    /// Waits longer each time (C8, C16).
    pub(super) fn back_off(&mut self, token: Token, out: &mut Out<'_>) {
        let limits = self.state.limits;
        let Some(upload) = self.state.uploads.get_mut(&token) else { return };
        // A service that does not say what it offers was asked in vain, too.
        if upload.stage == Stage::Choosing {
            upload.tries += 1;
        }
        let doublings = upload.tries.saturating_sub(1);
        let pause = (0..doublings).fold(limits.back_off, |pause: Span, _| pause.doubled()).min(limits.longest);
        self.wait(token, rule::C8, self.state.now.plus(pause), out);
    }

    fn wait(&mut self, token: Token, why: Rule, until: Time, out: &mut Out<'_>) {
        let tries = self.state.uploads.get(&token).map_or(0, |upload| upload.tries);
        if tries >= self.state.limits.tries {
            return self.give_up(token, rule::C16, GaveUp::Exhausted, out);
        }
        // A moment later, so that a wake never waits for itself.
        let until = until.max(self.state.now.plus(Span::from_millis(1)));
        self.state.stage(token, Stage::Waiting { until });
        out.push(why, Action::Tell(ClientNotice::Waiting { token, until }));
    }

    pub(super) fn give_up(&mut self, token: Token, rule: Rule, why: GaveUp, out: &mut Out<'_>) {
        self.state.forget(token);
        out.push(rule, Action::Do(ClientOrder::GaveUp { token, why }));
    }

    fn draw(&mut self) -> Box<str> {
        self.state.drawn = self.state.drawn.saturating_add(1);
        self.state.seed.draw_nth("iq", self.state.drawn).base64url().into()
    }

    fn send(&self, why: Rule, id: &str, out: &mut Out<'_>, payload: impl FnOnce(&mut Writer)) {
        let header = Header { kind: StanzaKind::Iq, type_: StanzaType::Get, from: "", id: Some(id), lang: None };
        let stanza = Outgoing::new(&header, payload);
        out.push(why, Action::Send { to: Audience::one(&self.state.service), stanza: &stanza });
    }
}
