//! Rules: why a machine did what it did.
//!
//! Every action carries the [`Rule`] that decided it: its id, where its text stands, and that text in one sentence. A
//! topic declares its rules once, with [`rules!`](crate::rules), and the same entry names the error in a log, the vector
//! that proves it and the row in the printed table.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// What a rule is: one row of a topic's table.
#[derive(Debug)]
pub struct Entry {
    /// `topic.number`, for example `gc3.J4`. Unique in the crate.
    pub id: &'static str,
    /// Where the rule is written: an anchor in the topic's profile, followed by the specification it comes from.
    pub anchor: &'static str,
    /// The rule in one sentence.
    pub says: &'static str,
}

/// A handle on a rule, as small as a reference. Compared, ordered and hashed by id.
#[derive(Clone, Copy)]
pub struct Rule(&'static Entry);

impl Rule {
    /// The handle on `entry`. Rules are declared with [`rules!`](crate::rules), which calls this.
    #[must_use]
    pub const fn new(entry: &'static Entry) -> Self {
        Self(entry)
    }

    /// `topic.number`, for example `gc3.J4`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.0.id
    }

    /// Where the rule is written.
    #[must_use]
    pub const fn anchor(self) -> &'static str {
        self.0.anchor
    }

    /// The rule in one sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        self.0.says
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Writes the id.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.0, other.0) || self.id() == other.id()
    }
}

impl Eq for Rule {}

impl PartialOrd for Rule {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rule {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id().cmp(other.id())
    }
}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

/// Declares the rules of a topic: one constant each, and `ALL` with every one in order.
///
/// ```
/// mod rules {
///     xmpp_machines::rules! { "tea";
///         T1 "T1" "PROFILE#brewing" "Water boils before it meets the leaves.";
///         T2_1 "T2.1" "PROFILE#serving" "A guest is served first.";
///     }
/// }
/// assert_eq!(rules::T2_1.id(), "tea.T2.1");
/// assert_eq!(rules::ALL.len(), 2);
/// ```
#[macro_export]
macro_rules! rules {
    ($topic:literal; $($name:ident $number:literal $anchor:literal $says:literal;)*) => {
        $(
            #[doc = concat!("`", $topic, ".", $number, "`: ", $says)]
            pub const $name: $crate::rule::Rule = {
                static ENTRY: $crate::rule::Entry = $crate::rule::Entry {
                    id: concat!($topic, ".", $number),
                    anchor: $anchor,
                    says: $says,
                };
                $crate::rule::Rule::new(&ENTRY)
            };
        )*
        /// Every rule of this table, in the order in which they are declared.
        pub const ALL: &[$crate::rule::Rule] = &[$($name),*];
    };
}
