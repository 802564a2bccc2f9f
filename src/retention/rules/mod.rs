//! Rules: what the upload service and the uploading client decide, and why.

pub mod client;
pub mod table;
