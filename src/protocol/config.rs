//! What a connection accepts.

use std::sync::Arc;

use super::deflate::Codec;

/// Which end of the connection this is. It decides whether own frames are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends masked frames, receives unmasked ones.
    Client,
    /// Sends unmasked frames, receives masked ones.
    Server,
}

/// Rules and limits, shared by all connections of a server or by one client. A limit of 0 is off.
///
/// The defaults are those of `ws` 8.23; the `websocket` package accepts frames whether masked or
/// not and limits frames instead of fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// Longest message in bytes, all its frames together, refused as soon as a header says so.
    /// Default 100 MiB. Even without a limit 2^32 - 1 bytes are the most.
    pub max_payload: u64,
    /// Longest single frame in bytes. Default 0.
    pub max_frame: u64,
    /// Most data frames in a message, empty ones included. Default 16,384.
    pub max_fragments: u32,
    /// Most chunks (calls of `receive` or `payload_filled`) that one unfinished frame may be spread
    /// over. Default 262,144.
    pub max_buffered_chunks: u32,
    /// Most automatic pongs that wait to be written. Default 60.
    pub max_pending_pongs: u32,
    /// Text and close reasons are not checked. Default false.
    pub skip_utf8_validation: bool,
    /// Unmasked frames are an error. Default for servers.
    pub require_mask: bool,
    /// Masked frames are an error. Default for clients.
    pub reject_mask: bool,
    /// RSV1 is accepted on the first frame of a data message, because an extension that uses it was
    /// negotiated (RFC 7692 section 6). Such a message is collected without an UTF-8 check and
    /// delivered as it came, unless `deflate` is there. Default false.
    pub accept_rsv1: bool,
    /// permessage-deflate, as it was negotiated; to be set together with `accept_rsv1`. Default
    /// none.
    pub deflate: Option<Arc<Codec>>,
}

impl Config {
    /// The rules of a server.
    #[must_use]
    pub fn server() -> Self {
        Self {
            role: Role::Server,
            max_payload: 100 * 1024 * 1024,
            max_frame: 0,
            max_fragments: 16 * 1024,
            max_buffered_chunks: 256 * 1024,
            max_pending_pongs: 60,
            skip_utf8_validation: false,
            require_mask: true,
            reject_mask: false,
            accept_rsv1: false,
            deflate: None,
        }
    }

    /// The rules of a client.
    #[must_use]
    pub fn client() -> Self {
        Self {
            role: Role::Client,
            require_mask: false,
            reject_mask: true,
            ..Self::server()
        }
    }
}

impl Default for Config {
    /// The same as [`Config::server`].
    fn default() -> Self {
        Self::server()
    }
}
