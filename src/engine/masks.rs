//! Masking keys for the frames that the engine itself sends as a client (automatic pongs).

const POOL: usize = 1024;

/// Random keys from the operating system, fetched in blocks (RFC 6455, 5.3: from a strong source of entropy).
#[derive(Debug, Default)]
pub(crate) struct Masks {
    pool: Vec<u8>,
}

impl Masks {
    pub(crate) fn next(&mut self) -> [u8; 4] {
        if self.pool.len() < 4 {
            self.pool.resize(POOL, 0);
            if getrandom::fill(&mut self.pool).is_err() {
                // No entropy: an all-zero key is legal and the payload of a pong is the peer's own.
                self.pool.fill(0);
            }
        }
        let at = self.pool.len() - 4;
        let mut key = [0; 4];
        key.copy_from_slice(self.pool.get(at..).unwrap_or(&[0; 4]));
        self.pool.truncate(at);
        key
    }
}
