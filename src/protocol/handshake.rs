//! The opening handshake's only computation (RFC 6455 section 4.2.2).

/// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` header value, taken as it was
/// received: base64 of the SHA-1 of the key and the protocol's GUID. Whether the key is a valid one
/// is for the caller to check.
#[must_use]
pub fn accept_key(key: &[u8]) -> String {
    tungstenite::handshake::derive_accept_key(key)
}
