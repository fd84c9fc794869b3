//! Option objects become typed configurations, once.

use std::sync::Arc;

use napi_derive::napi;

use crate::protocol::config::Config;

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
            ..base
        })
    }
}
