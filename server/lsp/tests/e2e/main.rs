//! The server from its client's side, over an in-memory stream.

mod client;
mod configuration;
mod documents;
mod lifecycle;
mod load;
mod requests;
mod surface;
mod workspace;
