//! Bytes that JavaScript calls finished client frames: masking twice gives them back.

#![no_main]

use ferrows::protocol::frame::mask_frames;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut frames = bytes.to_vec();
    let result = mask_frames(&mut frames);
    assert_eq!(mask_frames(&mut frames), result);
    assert_eq!(frames, bytes);
});
