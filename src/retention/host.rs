//! What an upload service and its host exchange besides stanzas.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::http::HttpMeta;
use super::policy::Policy;
use super::slot::SlotId;
use crate::codec::Stanza;
use crate::time::{Span, Time};

/// A number that the host chooses for a request of its own, such as an HTTP connection. The order that answers it
/// carries it back.
pub type Token = u64;

/// What goes into a [`Service`](super::Service).
///
/// Texts that come from an HTTP client go in as they came: whatever they are, they are never a misuse. A journal keeps
/// everything as it is but stanzas, of which it keeps the bytes: to serialise one is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A PUT begins; no byte of its body was read yet. Answered by [`Order::Receive`] or [`Order::Refuse`].
    Put {
        /// Comes back with the order.
        token: Token,
        /// The slot, from the URL.
        slot: Box<str>,
        /// The header `Authorization`.
        authorization: Option<Box<str>>,
        /// The header `Content-Length`; `None` for a chunked body.
        length: Option<u64>,
        /// The header `Content-Type`.
        content_type: Option<Box<str>>,
    },
    /// The body of a PUT is stored, and no answer was sent yet. Answered by [`Order::Accept`] or [`Order::Refuse`].
    Stored {
        /// The token of the PUT.
        token: Token,
        /// The slot.
        slot: SlotId,
        /// How many bytes there were.
        bytes: u64,
    },
    /// A PUT broke off. The slot is used up.
    Failed {
        /// The slot.
        slot: SlotId,
    },
    /// Somebody reads a file. Answered by [`Order::Serve`] or [`Order::Refuse`]. A host that reads more often than it
    /// can journal asks [`Service::look`](super::Service::look), and sends this only where that says so.
    Get {
        /// Comes back with the order.
        token: Token,
        /// The slot, from the URL.
        slot: Box<str>,
    },
    /// A user deletes a file. Answered by [`Order::Retracted`].
    Retract {
        /// Comes back with the order.
        token: Token,
        /// Who, a bare JID.
        account: Box<str>,
        /// Which.
        which: Which,
    },
    /// An item refers to a file: an avatar, a post.
    Referenced {
        /// The slot, from the URL in the item.
        slot: Box<str>,
        /// The item.
        by: Reference,
    },
    /// An item that referred to a file is gone, or refers to it no longer.
    Unreferenced {
        /// The slot.
        slot: Box<str>,
        /// The item.
        by: Reference,
    },
    /// The item of the file itself lies in a node whose items expire.
    Linked {
        /// The slot.
        slot: SlotId,
        /// When the item was published.
        published: Time,
        /// `pubsub#item_expire` of the node; `None` is `max`.
        item_expire: Option<Span>,
    },
    /// The operator holds a file: it is not deleted until this ends, whoever wants it, its account's end excepted.
    Pin {
        /// The slot.
        slot: SlotId,
        /// Whether it begins or ends.
        on: bool,
    },
    /// The operator deletes a file.
    Remove {
        /// The slot.
        slot: SlotId,
    },
    /// An account was deleted, and with it everything that it uploaded.
    AccountRemoved {
        /// The account, a bare JID.
        account: Box<str>,
    },
    /// From now on the account is in this class, whatever the policy says of it; `None` leaves it to the policy again.
    Class {
        /// The account, a bare JID.
        account: Box<str>,
        /// The name of a class of the policy.
        class: Option<Box<str>>,
    },
    /// From now on this policy is in force.
    Policy(Box<Policy>),
    /// A stanza that the server routed here. The last, because formats that number variants count skipped ones when they
    /// write and not when they read.
    #[serde(skip)]
    Stanza(Stanza),
}

/// Which file a user deletes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Which {
    /// By its slot, as it stands in the URLs.
    Slot(Box<str>),
    /// By its item (XEP-0498).
    Item {
        /// The directory.
        node: Box<str>,
        /// The name of the item.
        item: Box<str>,
    },
}

/// An item that refers to a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// Who published it, a bare JID. Only what the owner of a file published counts.
    pub account: Box<str>,
    /// Its node.
    pub node: Box<str>,
    /// Its id.
    pub item: Box<str>,
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read the body of this PUT and store it, but no byte more than `size`: then close the connection and say
    /// [`Input::Failed`]. At its end say [`Input::Stored`].
    Receive {
        /// The token of the PUT.
        token: Token,
        /// The slot.
        slot: SlotId,
        /// The size that was asked for, exactly.
        size: u64,
        /// The content type to store: that of the request, else that of the PUT.
        content_type: Box<str>,
        /// Until when. Then comes [`Order::Refuse`] with 408.
        until: Time,
    },
    /// Answer 201: the file can be read from now on.
    Accept {
        /// The token of the PUT.
        token: Token,
        /// The slot.
        slot: SlotId,
    },
    /// Answer with this status, and drop what was received for a PUT.
    Refuse {
        /// The token of the request.
        token: Token,
        /// The slot as it came.
        slot: Box<str>,
        /// The HTTP status.
        status: u16,
    },
    /// Answer a GET or HEAD with the file and these headers.
    Serve {
        /// The token of the request.
        token: Token,
        /// The slot.
        slot: SlotId,
        /// The headers.
        meta: HttpMeta,
    },
    /// Delete the stored bytes, and what caches hold of them. They are not served from now on.
    Delete {
        /// The slot.
        slot: SlotId,
        /// Whose file it was, a bare JID.
        owner: Box<str>,
        /// Its name.
        name: Box<str>,
        /// Its size.
        size: u64,
        /// Why.
        reason: Reason,
    },
    /// Answer a user's wish to delete a file.
    Retracted {
        /// The token of the wish.
        token: Token,
        /// Whether it was done, and if not, why.
        done: Retracted,
    },
    /// Publish an item for the file on the account's node (XEP-0498).
    Publish {
        /// The account, a bare JID.
        account: Box<str>,
        /// The node.
        node: Box<str>,
        /// The id of the item.
        item: Box<str>,
        /// What it says.
        file: Shared,
    },
    /// Retract that item.
    Unpublish {
        /// The account, a bare JID.
        account: Box<str>,
        /// The node.
        node: Box<str>,
        /// The id of the item.
        item: Box<str>,
    },
}

/// The content of an item of `/uploaded`. [`Shared::write`] writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The file's name.
    pub name: Box<str>,
    /// Its size.
    pub size: u64,
    /// Its content type.
    pub content_type: Box<str>,
    /// Where it can be read.
    pub url: Box<str>,
}

/// Why a file was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// Its time was over.
    Expired,
    /// It made room for a new file of its owner.
    Evicted,
    /// It made room on a service that was full.
    Pressure,
    /// Its owner deleted it.
    Retracted,
    /// The operator deleted it.
    Removed,
    /// The account of its owner was deleted.
    AccountRemoved,
}

/// What became of a user's wish to delete a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retracted {
    /// It is deleted.
    Done,
    /// There is no such file: `item-not-found`.
    NotFound,
    /// It is somebody else's, or held by the operator: `forbidden`.
    Forbidden,
}

/// What the host may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A slot was granted.
    Granted {
        /// The slot.
        slot: SlotId,
        /// To whom, a bare JID.
        owner: Arc<str>,
        /// Until when it can be used.
        until: Time,
        /// The files that go when it is used, in this order.
        plan: Vec<SlotId>,
    },
    /// A request was refused.
    Refused,
    /// A stanza was dropped: it is no request, or cannot be answered.
    Dropped,
    /// A slot ended without a file. What was reserved for it is free again.
    Ended {
        /// The slot.
        slot: SlotId,
    },
    /// The plan of a slot is another one than when it was granted.
    Replanned {
        /// The slot.
        slot: SlotId,
        /// The files that go now.
        plan: Vec<SlotId>,
    },
    /// A file that was to go stays: it is no longer in the way.
    Spared {
        /// The file.
        slot: SlotId,
    },
    /// A file has another deadline now.
    Deadline {
        /// The file.
        slot: SlotId,
        /// When it goes; `None` is never.
        at: Option<Time>,
    },
    /// A new policy is in force.
    PolicyInForce {
        /// How many files it gives less time.
        shortened: u64,
    },
    /// So many fell due at once that the rest waits a millisecond.
    More,
    /// A file or an account is as the host wants it.
    Done,
    /// A further rule took part in what was said last.
    Also,
    /// What was said of a file changed nothing: it is unknown, or what was said of it does not count.
    NothingChanged,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::snapshot;

    #[test]
    fn a_journal_gives_back_what_it_was_given() {
        let id = SlotId::of(&Seed::new([7; 32]).draw_nth("slot", 1));
        let (slot, account) = (id.text(), Box::<str>::from("ann@tea.example"));
        let by = Reference { account: account.clone(), node: "stories".into(), item: "i".into() };
        for input in [
            Input::Put { token: 1, slot: slot.clone(), authorization: None, length: Some(9), content_type: None },
            Input::Stored { token: 1, slot: id, bytes: 9 },
            Input::Failed { slot: id },
            Input::Get { token: 1, slot: slot.clone() },
            Input::Retract { token: 1, account: account.clone(), which: Which::Slot(slot.clone()) },
            Input::Referenced { slot: slot.clone(), by: by.clone() },
            Input::Unreferenced { slot, by },
            Input::Linked { slot: id, published: Time::EPOCH, item_expire: None },
            Input::Pin { slot: id, on: true },
            Input::Remove { slot: id },
            Input::AccountRemoved { account: account.clone() },
            Input::Class { account, class: None },
            Input::Policy(Box::default()),
        ] {
            let mut bytes = Vec::new();
            snapshot::put(&input, &mut bytes);
            assert_eq!(snapshot::take(&bytes), Ok(input));
        }
    }
}
