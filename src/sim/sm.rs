//! The host of a stream management queue under test: it writes down what is ordered.

use minidom::Element;

use super::bench::Host;
use super::transcript::{Show, What};
use super::xml::{self, Tree};
use crate::ns;
use crate::party::Address;
use crate::sm::{Input, Order, Pair, Queue, Role};

/// A host that keeps the orders until somebody looks at them.
#[derive(Clone, Debug, Default)]
pub struct SmHost {
    /// What was ordered since somebody looked.
    pub orders: Vec<Order>,
}

impl Host<Queue> for SmHost {
    fn obey(&mut self, order: Order) -> Option<Input> {
        self.orders.push(order);
        None
    }
}

/// Who is at the ends of a stream under test: `ann@tea.example/pot` or `oak.example`, and `tea.example`.
#[expect(clippy::expect_used, reason = "the three addresses are normalised")]
pub(super) fn pair(role: Role) -> Pair {
    let peer = if role == Role::Client { "ann@tea.example/pot" } else { "oak.example" };
    let address = |text| Address::from_normalised(text).expect("it is normalised");
    Pair { peer: address(peer), local: address("tea.example") }
}

impl Show for Input {
    fn from(&self) -> String {
        match self {
            Self::Element { pair, .. } => pair.peer.as_str().to_owned(),
            Self::Send(parcel) => {
                let from = stanza(parcel).and_then(|mut stanza| stanza.unset("from"));
                from.unwrap_or_else(|| "nobody".to_owned())
            }
            Self::Handled { .. } => "peer".to_owned(),
            _ => "host".to_owned(),
        }
    }

    fn what(&self) -> What {
        match self {
            Self::Element { element, .. } => What::Stanza(element_tree(element)),
            Self::Send(parcel) => match stanza(parcel) {
                Some(mut tree) => {
                    tree.unset("from");
                    What::Stanza(tree.trimmed())
                }
                None => What::Text("a parcel that is no stanza".to_owned()),
            },
            Self::Handled { count } => What::Text(format!("{count} stanzas")),
            other => What::Text(format!("{other:?}")),
        }
    }
}

fn stanza(parcel: &crate::sm::Parcel) -> Option<Tree> {
    xml::read_stanza(&String::from_utf8_lossy(&parcel.to_bytes()), ns::CLIENT).ok()
}

fn element_tree(element: &Element) -> Tree {
    Tree::from(element).trimmed()
}
