//! Client frames, built and masked before anything is measured.

use crate::options::Opt;

pub(crate) const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One client frame: first byte, smallest length, a fixed mask key, the masked payload.
pub(crate) fn client_frame(b0: u8, payload: &[u8]) -> Vec<u8> {
    let mut f = Vec::with_capacity(payload.len() + 14);
    f.push(b0);
    let n = payload.len();
    if n < 126 {
        f.push(0x80 | n as u8);
    } else if n < 65536 {
        f.push(0x80 | 126);
        f.extend_from_slice(&(n as u16).to_be_bytes());
    } else {
        f.push(0x80 | 127);
        f.extend_from_slice(&(n as u64).to_be_bytes());
    }
    f.extend_from_slice(&MASK);
    f.extend(payload.iter().enumerate().map(|(i, b)| b ^ MASK[i & 3]));
    f
}

/// xorshift64: the same numbers in every run.
pub(crate) struct Rng(u64);
impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A text that looks like JSON and compresses like it.
pub(crate) fn json_text(rng: &mut Rng, size: usize) -> Vec<u8> {
    let names = [
        "temperature",
        "pressure",
        "status",
        "voltage",
        "position",
        "channel",
        "operator",
        "comment",
    ];
    let words = [
        "ok", "warning", "steady", "rising", "falling", "unknown", "north", "south", "closed", "open",
    ];
    let mut s = String::from("{\"type\":\"update\",\"items\":[");
    while s.len() < size {
        let r = rng.next();
        s.push_str(&format!(
            "{{\"id\":{},\"{}\":\"{}\",\"value\":{}.{},\"ts\":{}}},",
            r % 100_000,
            names[(r >> 20) as usize % 8],
            words[(r >> 30) as usize % 10],
            (r >> 40) % 1000,
            (r >> 50) % 100,
            1_700_000_000_000u64 + (r >> 33) % 1_000_000
        ));
    }
    s.truncate(size.max(2) - 2);
    s.push_str("]}");
    s.into_bytes()
}

/// Pre-built masked frames (several variants where the text differs) and their plain payloads.
pub(crate) fn build_frames(o: &Opt) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut rng = Rng(0x9E3779B97F4A7C15);
    let op = if o.text { 1u8 } else { 2u8 };
    if o.deflate {
        let mut fr = vec![];
        let mut pl = vec![];
        for _ in 0..64 {
            let p = json_text(&mut rng, o.size);
            // Raw deflate, one self-contained block sequence per message, sync-flushed, tail removed.
            let mut c = flate2::Compress::new(flate2::Compression::new(6), false);
            let mut out = Vec::with_capacity(p.len() + 64);
            c.compress_vec(&p, &mut out, flate2::FlushCompress::Sync).unwrap();
            assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
            out.truncate(out.len() - 4);
            fr.push(client_frame(0x80 | 0x40 | op, &out));
            pl.push(p);
        }
        (fr, pl)
    } else {
        let p: Vec<u8> = if o.text {
            json_text(&mut rng, o.size.max(32))[..]
                .iter()
                .copied()
                .chain(std::iter::repeat(b'x'))
                .take(o.size)
                .collect()
        } else {
            (0..o.size).map(|_| rng.next() as u8).collect()
        };
        (vec![client_frame(0x80 | op, &p)], vec![p])
    }
}
