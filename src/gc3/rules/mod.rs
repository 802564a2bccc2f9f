//! The tables of rules: of GC3, and of its rooms as clients of XEP-0045 see them.

pub mod acl;
pub mod muc;
pub mod table;
