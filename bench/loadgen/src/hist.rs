//! Log-linear histogram: 64 sub-buckets per power of two (error below 1.6 %).
pub struct Hist {
    b: Vec<u64>,
    n: u64,
    pub max: u64,
}
impl Hist {
    pub fn new() -> Hist {
        Hist {
            b: vec![0; 64 * 64],
            n: 0,
            max: 0,
        }
    }
    fn idx(v: u64) -> usize {
        if v < 128 {
            return v as usize;
        }
        let e = 63 - v.leading_zeros() as usize; // >= 7
        let sub = (v >> (e - 6)) as usize & 63;
        128 + (e - 7) * 64 + sub
    }
    #[inline]
    pub fn add(&mut self, v: u64) {
        self.b[Self::idx(v)] += 1;
        self.n += 1;
        if v > self.max {
            self.max = v;
        }
    }
    pub fn q(&self, q: f64) -> u64 {
        let want = (self.n as f64 * q).ceil() as u64;
        let mut s = 0;
        for (i, c) in self.b.iter().enumerate() {
            s += c;
            if s >= want && s > 0 {
                if i < 128 {
                    return i as u64;
                }
                let e = (i - 128) / 64 + 7;
                let sub = ((i - 128) % 64) as u64;
                return (1u64 << e) + (sub << (e - 6)) + (1u64 << (e - 7));
            }
        }
        self.max
    }
}
