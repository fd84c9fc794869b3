//! Option objects become typed configurations, once.

use std::sync::Arc;

use napi_derive::napi;

use crate::protocol::config::Config;
use crate::protocol::deflate::{Codec, Parameters};

/// Limits and rules of a connection; 0 = no limit. Defaults are the faces' business.
#[napi(object)]
pub struct ConnectionConfig {
    /// Whether we are the server.
    pub is_server: bool,
    /// Largest message, bytes.
    pub max_payload: f64,
    /// Most frames of a message.
    pub max_fragments: u32,
    /// Most chunks of an incomplete frame.
    pub max_buffered_chunks: u32,
    /// Most automatic pongs that are not written.
    pub max_pending_auto_pongs: u32,
    /// Whether text is taken as it comes.
    pub skip_utf8_validation: bool,
    /// What was negotiated of permessage-deflate.
    pub deflate: Option<DeflateParameters>,
}

/// The parameters of permessage-deflate, from our side, and zlib's options.
#[napi(object)]
pub struct DeflateParameters {
    /// Window of what we send, 8 to 15.
    pub send_window_bits: u32,
    /// We start every message with an empty window.
    pub send_reset: bool,
    /// Window of what we receive, 8 to 15.
    pub receive_window_bits: u32,
    /// The peer starts every message with an empty window.
    pub receive_reset: bool,
    /// -1 to 9.
    pub level: i32,
    /// 1 to 9.
    pub mem_level: u32,
    /// 0 to 4.
    pub strategy: u32,
}

impl DeflateParameters {
    fn into_codec(self) -> Arc<Codec> {
        Arc::new(Codec::new(Parameters {
            send_window_bits: self.send_window_bits.clamp(8, 15) as u8,
            send_reset: self.send_reset,
            receive_window_bits: self.receive_window_bits.clamp(8, 15) as u8,
            receive_reset: self.receive_reset,
            level: self.level.clamp(-1, 9) as i8,
            mem_level: self.mem_level.clamp(1, 9) as u8,
            strategy: self.strategy.min(4) as u8,
        }))
    }
}

impl ConnectionConfig {
    pub(super) fn into_protocol(self) -> Arc<Config> {
        let base = if self.is_server {
            Config::server()
        } else {
            Config::client()
        };
        Arc::new(Config {
            // A JavaScript integer below 2^53, not negative: the cast is exact.
            max_payload: self.max_payload.max(0.0) as u64,
            max_fragments: self.max_fragments,
            max_buffered_chunks: self.max_buffered_chunks,
            max_pending_pongs: self.max_pending_auto_pongs,
            skip_utf8_validation: self.skip_utf8_validation,
            accept_rsv1: self.deflate.is_some(),
            deflate: self.deflate.map(DeflateParameters::into_codec),
            ..base
        })
    }
}
