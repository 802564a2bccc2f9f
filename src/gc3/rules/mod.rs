//! The tables of rules: of GC3, and of its rooms as clients of XEP-0045 and of `urn:xmpp:muc:0` see them.

pub mod acl;
pub mod muc;
pub mod muc2;
pub mod table;
