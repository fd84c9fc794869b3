//! The state of one connection: its receive parser and what it still owes to the server.

use std::collections::VecDeque;

/// One connection.
pub(crate) struct Conn {
    pub(crate) fd: i32,
    // receive parser
    pub(crate) hdr: [u8; 10],
    pub(crate) hlen: u8,
    pub(crate) rem: u64,
    pub(crate) cur_op: u8,
    pub(crate) in_payload: bool,
    // send side
    pub(crate) owed: usize, // frames still to write
    pub(crate) off: usize,  // bytes of the current frame already written
    pub(crate) next: usize, // which frame variant comes next
    pub(crate) want_w: bool,
    pub(crate) ts: VecDeque<u64>,
    pub(crate) first_payload: Option<Vec<u8>>, // capture of the first reply, for the check
    pub(crate) dead: bool,
}

impl Conn {
    pub(crate) fn new(fd: i32, i: usize) -> Conn {
        Conn {
            fd,
            hdr: [0; 10],
            hlen: 0,
            rem: 0,
            cur_op: 0,
            in_payload: false,
            owed: 0,
            off: 0,
            next: i,
            want_w: false,
            ts: VecDeque::new(),
            first_payload: None,
            dead: false,
        }
    }

    /// Consumes received bytes; returns the number of complete data messages. Sets dead on a close frame.
    #[inline]
    pub(crate) fn parse(&mut self, mut b: &[u8], bytes: &mut u64) -> usize {
        let mut done = 0;
        loop {
            if self.in_payload {
                let take = (b.len() as u64).min(self.rem) as usize;
                if let Some(v) = self.first_payload.as_mut()
                    && v.capacity() > 0
                {
                    v.extend_from_slice(&b[..take]);
                }
                b = &b[take..];
                self.rem -= take as u64;
                if self.rem > 0 {
                    return done;
                }
                self.in_payload = false;
                self.hlen = 0;
                let fin = self.cur_op & 0x80 != 0;
                match self.cur_op & 0x0f {
                    0..=2 if fin => {
                        done += 1;
                    }
                    8 => self.dead = true,
                    _ => {}
                }
                continue;
            }
            // fast path: the whole small frame is here
            if self.hlen == 0 && b.len() >= 2 {
                let l = (b[1] & 0x7f) as usize;
                if l < 126 && b.len() >= 2 + l && b[0] & 0x88 == 0x80 && self.first_payload.is_none() {
                    *bytes += l as u64;
                    done += 1;
                    b = &b[2 + l..];
                    continue;
                }
            }
            if b.is_empty() {
                return done;
            }
            let need = if self.hlen < 2 {
                2
            } else {
                match self.hdr[1] & 0x7f {
                    126 => 4,
                    127 => 10,
                    _ => 2,
                }
            };
            if (self.hlen as usize) < need {
                self.hdr[self.hlen as usize] = b[0];
                self.hlen += 1;
                b = &b[1..];
                let need = if self.hlen < 2 {
                    2
                } else {
                    match self.hdr[1] & 0x7f {
                        126 => 4,
                        127 => 10,
                        _ => 2,
                    }
                };
                if (self.hlen as usize) < need || self.hlen < 2 {
                    continue;
                }
            }
            assert!(self.hdr[1] & 0x80 == 0, "server frame is masked");
            self.rem = match self.hdr[1] & 0x7f {
                126 => u16::from_be_bytes([self.hdr[2], self.hdr[3]]) as u64,
                127 => u64::from_be_bytes(self.hdr[2..10].try_into().unwrap()),
                n => n as u64,
            };
            *bytes += self.rem;
            self.cur_op = self.hdr[0];
            self.in_payload = true;
        }
    }
}
