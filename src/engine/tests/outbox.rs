use std::io::IoSlice;

use proptest::prelude::*;

use crate::engine::outbox::{Outbox, SLICES};

fn first_bytes(outbox: &Outbox) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); SLICES];
    let count = outbox.fill(&mut slices);
    slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect()
}

#[derive(Clone, Debug)]
enum Step {
    Push(Vec<u8>),
    PushOwned(Vec<u8>, usize),
    Write(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        bytes().prop_map(Step::Push),
        (bytes(), 0usize..250).prop_map(|(bytes, from)| Step::PushOwned(bytes, from)),
        (0usize..400).prop_map(Step::Write),
    ]
}

proptest! {
    /// Whatever is pushed comes out once, in order, however much the kernel takes at a time.
    #[test]
    fn keeps_every_byte_in_order(steps in proptest::collection::vec(step(), 0..60)) {
        let (mut outbox, mut pushed, mut written) = (Outbox::default(), Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Push(bytes) => {
                    outbox.push(&bytes);
                    pushed.extend(bytes);
                }
                Step::PushOwned(bytes, from) => {
                    pushed.extend_from_slice(bytes.get(from..).unwrap_or_default());
                    outbox.push_owned(bytes, from);
                }
                Step::Write(limit) => {
                    let ready = first_bytes(&outbox);
                    let taken = limit.min(ready.len());
                    written.extend_from_slice(&ready[..taken]);
                    outbox.advance(taken);
                }
            }
            prop_assert_eq!(outbox.len(), pushed.len() - written.len());
        }
        while !outbox.is_empty() {
            let ready = first_bytes(&outbox);
            prop_assert!(!ready.is_empty());
            outbox.advance(ready.len());
            written.extend(ready);
        }
        prop_assert_eq!(written, pushed);
    }
}
