//! What the rules say, as simply as it can be said.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::if_same_then_else,
    reason = "a panic fails the test, as it should; the order of the checks is the point here"
)]

use ferrows::protocol::config::Config;

use crate::protocol_wire::Seen;

/// What the rules say, without regard to speed, memory or pieces: one pass over all bytes, each
/// check in the order of the original.
pub fn model(config: &Config, bytes: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    if let Err(error) = run(config, bytes, &mut seen) {
        seen.push(error);
    }
    seen
}

/// One frame's fields, as far as the model has read them.
struct Fields<'b> {
    first: u8,
    length: u64,
    key: [u8; 4],
    rest: &'b [u8],
}

fn run(config: &Config, mut bytes: &[u8], seen: &mut Vec<Seen>) -> Result<(), Seen> {
    let mut message: Vec<u8> = Vec::new();
    let mut parts: Vec<u64> = Vec::new();
    let mut start = 0_u8;
    while let Some(frame) = header(config, bytes, start, &parts)? {
        let there = frame.rest.len().min(usize::try_from(frame.length).unwrap());
        let complete = there as u64 == frame.length;
        let payload: Vec<u8> = frame.rest[..there]
            .iter()
            .zip(frame.key.iter().cycle())
            .map(|(b, k)| b ^ k)
            .collect();
        let code = frame.first & 15;
        let fin = frame.first & 0x80 != 0;
        if code >= 8 {
            if complete && control(config, code, payload, seen)? {
                return Ok(());
            }
        } else {
            if code != 0 {
                start = frame.first;
            }
            parts.push(frame.length);
            message.extend(payload);
            let is_text = start & 15 == 1;
            let check = is_text && start & 0x40 == 0 && !config.skip_utf8_validation;
            if check && !may_be_text(&message, complete && fin) {
                return Err(Seen::Error(5, 0));
            }
            if complete && fin {
                let lengths = parts
                    .iter()
                    .filter(|l| **l > 0)
                    .map(|l| *l as u32)
                    .collect();
                if !is_text && parts.len() > 1 {
                    seen.push(Seen::Fragments(lengths));
                }
                let message = std::mem::take(&mut message);
                seen.push(if is_text {
                    Seen::Text(message)
                } else {
                    Seen::Binary(message)
                });
                parts.clear();
                start = 0;
            }
        }
        if !complete {
            break;
        }
        bytes = &frame.rest[there..];
    }
    Ok(())
}

/// Whether the bytes are UTF-8 or, before their end, can still become it.
fn may_be_text(bytes: &[u8], ended: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => !ended && error.error_len().is_none(),
    }
}

fn header<'b>(
    config: &Config,
    bytes: &'b [u8],
    start: u8,
    parts: &[u64],
) -> Result<Option<Fields<'b>>, Seen> {
    let error = |index, detail: u64| Err(Seen::Error(index, detail as u32));
    if bytes.len() < 2 {
        return Ok(None);
    }
    let (first, second) = (bytes[0], bytes[1]);
    let (code, short) = (first & 15, u64::from(second & 127));
    let (fin, rsv1, masked) = (first & 0x80 != 0, first & 0x40 != 0, second & 0x80 != 0);
    if first & 0x30 != 0 {
        return error(10, 0);
    } else if rsv1 && !config.accept_rsv1 {
        return error(9, 0);
    } else if code == 0 && rsv1 {
        return error(9, 0);
    } else if code == 0 && start == 0 || (code == 1 || code == 2) && start != 0 {
        return error(4, u64::from(code));
    } else if (3..8).contains(&code) || code > 10 {
        return error(4, u64::from(code));
    } else if code >= 8 && !fin {
        return error(0, 0);
    } else if code >= 8 && rsv1 {
        return error(9, 0);
    } else if code >= 8 && short > 125 || code == 8 && short == 1 {
        return error(3, short);
    } else if config.require_mask && !masked {
        return error(1, 0);
    } else if config.reject_mask && masked {
        return error(8, 0);
    }
    let extra = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if bytes.len() < 2 + extra {
        return Ok(None);
    }
    let long = bytes[2..2 + extra]
        .iter()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let length = if extra == 0 { short } else { long };
    if length >= 1 << 53 {
        return error(11, 0);
    } else if config.max_frame > 0 && length > config.max_frame {
        return error(13, length.min(u64::from(u32::MAX)));
    }
    let total = parts.iter().sum::<u64>() + length;
    let too_long = config.max_payload > 0 && total > config.max_payload || total >= 1 << 32;
    if code < 8 && length > 0 && too_long {
        return error(12, 0);
    }
    let size = 2 + extra + if masked { 4 } else { 0 };
    if bytes.len() < size {
        return Ok(None);
    }
    if code < 8 && config.max_fragments > 0 && parts.len() as u32 >= config.max_fragments {
        return error(6, 0);
    }
    let key = if masked {
        bytes[size - 4..size].try_into().unwrap()
    } else {
        [0; 4]
    };
    Ok(Some(Fields {
        first,
        length,
        key,
        rest: &bytes[size..],
    }))
}

/// Whether it was a close frame.
fn control(
    config: &Config,
    code: u8,
    payload: Vec<u8>,
    seen: &mut Vec<Seen>,
) -> Result<bool, Seen> {
    seen.push(match code {
        9 => Seen::Ping(payload, false),
        10 => Seen::Pong(payload),
        _ if payload.is_empty() => Seen::Close(1005, payload),
        _ => {
            let status = u16::from_be_bytes([payload[0], payload[1]]);
            let reserved = [1004, 1005, 1006].contains(&status);
            if !(1000..=1014).contains(&status) && !(3000..5000).contains(&status) || reserved {
                return Err(Seen::Error(2, u32::from(status)));
            }
            let reason = payload[2..].to_vec();
            if !config.skip_utf8_validation && String::from_utf8(reason.clone()).is_err() {
                return Err(Seen::Error(5, 0));
            }
            Seen::Close(status, reason)
        }
    });
    Ok(code == 8)
}
