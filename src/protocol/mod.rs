//! RFC 6455 as a state machine: bytes in, events and reply bytes out.
//!
//! Nothing here knows a socket, a clock, a thread, JavaScript or a source of randomness. The engine
//! hands received bytes to [`connection::Connection`], which appends records to an
//! [`event::EventQueue`] and pongs to [`connection::Replies`]. The rules, limits, error texts and
//! close codes are those of `ws` 8.23 and can be changed by [`config::Config`].
//!
//! | module | duty |
//! | --- | --- |
//! | [`config`] | role, limits, rules that can be switched |
//! | [`connection`] | the state machine of one connection |
//! | `message` | the data message whose frames are arriving |
//! | `rules` | which header may arrive, in the order in which `ws` checks |
//! | [`frame`] | frame headers as bytes, masking of finished client frames |
//! | [`mask`], [`utf8`], [`close`] | the payload transformations and checks |
//! | [`deflate`] | permessage-deflate (RFC 7692) |
//! | [`event`], [`error`] | what comes out |
//! | [`handshake`] | the accept key |

pub mod close;
pub mod config;
pub mod connection;
pub mod deflate;
pub mod error;
pub mod event;
pub mod frame;
pub mod handshake;
pub mod mask;
mod message;
mod rules;
pub mod utf8;
