//! What a host may look at in a service.

use jid::BareJid;

use super::Service;

impl Service {
    /// The addresses of all rooms, in the order of their creation, destroyed ones that are remembered included.
    pub fn rooms(&self) -> impl Iterator<Item = BareJid> {
        self.state.rooms.values().filter_map(|held| BareJid::new(held.room.state.address.as_str()).ok())
    }
}
