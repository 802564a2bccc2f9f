//! What an uploading client and its program exchange besides stanzas.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::Stanza;
use crate::retention::Purpose;
use crate::retention::host::Token;
use crate::time::{Span, Time};

/// What goes into a [`Client`](super::Client).
#[derive(Clone, Debug, PartialEq)]
pub enum ClientInput {
    /// A stanza from the upload service.
    Stanza(Stanza),
    /// The user wants to upload a file.
    Upload {
        /// The program's number for it, unused so far.
        token: Token,
        /// The file.
        file: Wanted,
    },
    /// What became of an [`ClientOrder::Put`].
    Put {
        /// The upload.
        token: Token,
        /// The status; `None` where no answer came.
        status: Option<u16>,
    },
    /// What the user said to an [`ClientOrder::Ask`].
    Consent {
        /// The upload.
        token: Token,
        /// Whether to upload it nevertheless.
        yes: bool,
    },
    /// A file that was uploaded with [`Warning::ProfileAsMessage`] is gone: its address gives 404 or 410.
    Lost {
        /// The upload.
        token: Token,
    },
    /// The user wants it no more. A file that is stored already stays stored.
    Cancel {
        /// The upload.
        token: Token,
    },
}

/// A file that is to be uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its name.
    pub name: Box<str>,
    /// Its size, not zero.
    pub size: u64,
    /// Its content type. Leave it out for what is encrypted end to end.
    pub content_type: Option<Box<str>>,
    /// What it is for.
    pub for_: Use,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Use {
    /// A message.
    Message,
    /// An avatar or a cover photo (XEP-0084).
    Avatar,
    /// A story (XEP-0501).
    Story {
        /// When its item expires; a day from now if nothing is said.
        until: Option<Time>,
    },
    /// A message that vanishes after reading (XEP-0466).
    Timed {
        /// Its timer, which starts when it is read.
        timer: Span,
    },
    /// A post of a blog, stickers, an archive of stories.
    Lasting,
}

impl Use {
    /// The purpose, and for an ephemeral file the moment at which it is to be gone (C2).
    #[must_use]
    pub const fn purpose(self, now: Time, reading: Span) -> (Purpose, Option<Time>) {
        match self {
            Self::Message => (Purpose::Message, None),
            Self::Avatar => (Purpose::Profile, None),
            Self::Lasting => (Purpose::Permanent, None),
            Self::Story { until: Some(until) } => (Purpose::Ephemeral, Some(until)),
            Self::Story { until: None } => (Purpose::Ephemeral, Some(now.plus(Span::from_days(1)))),
            Self::Timed { timer } => (Purpose::Ephemeral, Some(now.plus(timer).plus(reading))),
        }
    }
}

/// What the program must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientOrder {
    /// Send the file; answer with [`ClientInput::Put`].
    Put {
        /// The upload.
        token: Token,
        /// Where to.
        url: Box<str>,
        /// Headers to send, in this order, besides `Content-Length` and `Content-Type`.
        headers: Vec<(Box<str>, Box<str>)>,
        /// The length of the body.
        size: u64,
        /// Its type.
        content_type: Option<Box<str>>,
    },
    /// Ask the user; answer with [`ClientInput::Consent`].
    Ask {
        /// The upload.
        token: Token,
        /// What cannot be promised.
        warning: Warning,
    },
    /// Tell the user that something cannot be promised; the upload goes on.
    Warn {
        /// The upload.
        token: Token,
        /// What cannot be promised.
        warning: Warning,
    },
    /// The file can be read there: send the link.
    Uploaded {
        /// The upload.
        token: Token,
        /// Its address.
        url: Box<str>,
    },
    /// The upload has ended without a file.
    GaveUp {
        /// The upload.
        token: Token,
        /// Why.
        why: GaveUp,
    },
}

/// What cannot be promised. Its text is what a user should read, in English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Warning {
    /// The avatar is kept no longer than a message.
    ProfileAsMessage,
    /// The file is kept no longer than a message.
    PermanentAsMessage,
    /// The file is kept as long as a message, also after its end.
    EphemeralAsMessage,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ProfileAsMessage => {
                "Your server keeps this picture no longer than a message. It will be uploaded again when it is gone."
            }
            Self::PermanentAsMessage => {
                "Your server does not keep files for good. This one will be deleted as those in messages are."
            }
            Self::EphemeralAsMessage => {
                "Your server cannot delete this file in time. It may stay longer than you wish, as files in messages do."
            }
        })
    }
}

/// What the program may like to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientNotice {
    /// The next try is then.
    Waiting {
        /// The upload.
        token: Token,
        /// When.
        until: Time,
    },
    /// The file is uploaded again.
    Again {
        /// The upload.
        token: Token,
    },
    /// A stanza was dropped.
    Dropped,
}

/// Why an upload ended without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GaveUp {
    /// The service does not take uploads.
    NotOffered,
    /// The user did not agree.
    Declined,
    /// The user called it off.
    Cancelled,
    /// It is larger than the service takes for its purpose.
    TooLarge {
        /// The limit.
        max: u64,
    },
    /// The account may not upload.
    Forbidden,
    /// The service does not take this name, type or moment.
    NotAcceptable,
    /// The service, or its answer, cannot be made sense of.
    Broken,
    /// Every try failed.
    Exhausted,
    /// The file would be gone before it is there.
    Expired,
}
