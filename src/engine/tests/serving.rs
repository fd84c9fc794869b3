use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Bench, Pipe, client_frame, run};
use crate::engine::INTERNAL_ERROR;
use crate::engine::commands::op;
use crate::protocol::event::kind;

#[test]
fn messages_come_in_and_runs_go_out() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(3, 1024);
        peer.write_all(&client_frame(0x81, b"hello")).await.unwrap();
        assert_eq!(bench.event(3, kind::TEXT).await.1, b"hello");
        bench.send(
            &[[3, op::DATA, 0, 4], [3, op::DATA, 4, 7]],
            b"\x82\x02hi\x89\x01x",
        );
        let mut wire = [0; 7];
        peer.read_exact(&mut wire).await.unwrap();
        assert_eq!(&wire, b"\x82\x02hi\x89\x01x");
    });
}

#[test]
fn masks_client_frames_that_javascript_left_unmasked() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(0, 1024);
        bench.send(&[[0, op::DATA_MASK, 0, 9]], b"\x82\x83\x01\x02\x03\x04abc");
        let mut wire = [0; 9];
        peer.read_exact(&mut wire).await.unwrap();
        assert_eq!(&wire, b"\x82\x83\x01\x02\x03\x04\x60\x60\x60");
    });
}

#[test]
fn answers_pings_itself_only_when_nothing_waits_for_javascript() {
    run(|| async {
        let bench = Bench::start(false);
        let mut peer = bench.connect(0, 1024);
        peer.write_all(&client_frame(0x89, b"a")).await.unwrap();
        let (record, _) = bench.event(0, kind::PING).await;
        assert_eq!(record.b >> 31, 0, "answered");
        let mut pong = [0; 3];
        peer.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"\x8a\x01a");
        // That record has not been drained: the order of what JavaScript may send is at stake now.
        peer.write_all(&client_frame(0x89, b"b")).await.unwrap();
        let (record, _) = bench.event(0, kind::PING).await;
        assert_eq!(record.b >> 31, 1, "left to JavaScript");
    });
}

#[test]
fn reports_progress_and_notifies_when_the_peer_has_room_again() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(0, 100);
        let frame = vec![0x55; 1000];
        bench.send(&[[0, op::NOTIFY, 9, 0], [0, op::DATA, 0, 1000]], &frame);
        bench.settle().await;
        assert_eq!(bench.progress.accepted(0), (100, true));
        assert_eq!(bench.count(0, kind::WRITTEN), 0);
        let mut wire = vec![0; 1000];
        peer.read_exact(&mut wire).await.unwrap();
        assert_eq!(wire, frame);
        assert_eq!(bench.event(0, kind::WRITTEN).await.0.a, 9);
        assert_eq!(bench.progress.accepted(0), (1000, false));
    });
}

#[test]
fn a_paused_connection_is_not_read() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(0, 64);
        bench.settle().await;
        bench.send(&[[0, op::PAUSE, 0, 0]], &[]);
        peer.write_all(&client_frame(0x81, b"wait")).await.unwrap();
        bench.settle().await;
        assert_eq!(bench.count(0, kind::TEXT), 0);
        bench.send(&[[0, op::RESUME, 0, 0]], &[]);
        assert_eq!(bench.event(0, kind::TEXT).await.1, b"wait");
    });
}

#[test]
fn ends_after_what_is_queued_and_closes_when_both_sides_have() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(0, 16);
        bench.send(
            &[
                [0, op::DATA, 0, 50],
                [0, op::END, 0, 0],
                [0, op::NOTIFY, 1, 0],
            ],
            &[7; 50],
        );
        let mut wire = Vec::new();
        peer.read_to_end(&mut wire).await.unwrap();
        assert_eq!(wire, [7; 50]);
        bench.event(0, kind::WRITTEN).await;
        assert_eq!(bench.count(0, kind::CLOSED), 0);
        drop(peer);
        bench.event(0, kind::END).await;
        let (record, _) = bench.event(0, kind::CLOSED).await;
        assert_eq!((record.a, record.b), (0, 1));
    });
}

#[test]
fn what_is_lost_is_not_called_complete() {
    run(|| async {
        let bench = Bench::start(true);
        let _peer = bench.connect(0, 16);
        bench.send(&[[0, op::DATA, 0, 50], [0, op::DESTROY, 0, 0]], &[7; 50]);
        let (record, _) = bench.event(0, kind::CLOSED).await;
        assert_eq!((record.a, record.b), (0, 0));
    });
}

#[test]
fn the_closing_timer_drops_a_silent_peer() {
    run(|| async {
        let bench = Bench::start(true);
        let _peer = bench.connect(0, 64);
        bench.send(&[[0, op::CLOSING, 5, 0]], &[]);
        bench.settle().await;
        assert_eq!(bench.event(0, kind::CLOSED).await.0.a, 0);
    });
}

#[test]
fn a_panic_closes_one_connection_and_no_other() {
    run(|| async {
        std::panic::set_hook(Box::new(|_| {}));
        let bench = Bench::start(true);
        bench.driver.insert(1, Pipe::Panics, Vec::new());
        let mut peer = bench.connect(0, 1024);
        bench.send(&[[1, op::START, 0, 1]], &[]);
        assert_eq!(bench.event(1, kind::CLOSED).await.0.a, INTERNAL_ERROR);
        peer.write_all(&client_frame(0x82, b"alive")).await.unwrap();
        assert_eq!(bench.event(0, kind::BINARY).await.1, b"alive");
        // While a command is carried out, too.
        bench.driver.insert(2, Pipe::Panics, Vec::new());
        bench.send(&[[2, op::DATA, 0, 1]], b"x");
        assert_eq!(bench.event(2, kind::CLOSED).await.0.a, INTERNAL_ERROR);
        let _ = std::panic::take_hook();
    });
}

#[test]
fn stops_reading_when_javascript_does_not_take_what_came() {
    run(|| async {
        let bench = Bench::start(false);
        let mut peer = bench.connect(0, 256 * 1024);
        let message = client_frame(0x82, &[1; 64 * 1024]);
        let writer = tokio::task::spawn_local(async move {
            for _ in 0..200 {
                peer.write_all(&message).await.unwrap();
            }
            peer
        });
        bench.settle().await;
        for _ in 0..200 {
            bench.settle().await;
        }
        let held: usize = bench
            .seen
            .borrow()
            .batches
            .iter()
            .map(|(weight, _)| *weight)
            .sum();
        assert!(!writer.is_finished(), "13 MB were taken");
        assert!((4 << 20..6 << 20).contains(&held), "{held} bytes");
        // The consumer catches up, and everything arrives.
        loop {
            for (weight, sequence) in std::mem::take(&mut bench.seen.borrow_mut().batches) {
                bench.progress.drained(sequence);
                if bench.progress.consumed(weight) {
                    bench.driver.engine().unstall();
                }
            }
            bench.settle().await;
            if bench.count(0, kind::BINARY_LARGE) == 200 {
                break;
            }
        }
        writer.await.unwrap();
    });
}

#[test]
fn an_id_that_is_used_again_is_not_served_by_the_old_task() {
    run(|| async {
        let bench = Bench::start(true);
        let old = bench.connect(0, 64);
        bench.send(&[[0, op::DESTROY, 0, 0], [0, op::RELEASE, 0, 0]], &[]);
        let mut peer = bench.connect(0, 64);
        drop(old);
        peer.write_all(&client_frame(0x81, b"new")).await.unwrap();
        assert_eq!(bench.event(0, kind::TEXT).await.1, b"new");
        bench.settle().await;
        assert_eq!(bench.count(0, kind::CLOSED), 1);
    });
}

#[test]
fn a_raw_connection_is_read_ahead_and_its_end_waits_for_the_decision() {
    run(|| async {
        let bench = Bench::start(true);
        let (ours, mut peer) = tokio::io::duplex(1024);
        bench.driver.insert(0, Pipe::Memory(ours), Vec::new());
        peer.write_all(&client_frame(0x81, b"early")).await.unwrap();
        drop(peer);
        bench.settle().await;
        assert_eq!(bench.count(0, kind::END), 0);
        bench.send(&[[0, op::START, 0, 1]], &[]);
        assert_eq!(bench.event(0, kind::TEXT).await.1, b"early");
        bench.event(0, kind::END).await;
    });
}

#[test]
fn a_ping_behind_a_message_of_the_same_packet_is_left_to_javascript() {
    run(|| async {
        let bench = Bench::start(true);
        let mut peer = bench.connect(0, 1024);
        let mut packet = client_frame(0x81, b"first");
        packet.extend(client_frame(0x89, b"second"));
        peer.write_all(&packet).await.unwrap();
        assert_eq!(bench.event(0, kind::TEXT).await.1, b"first");
        assert_eq!(bench.event(0, kind::PING).await.0.b >> 31, 1);
    });
}
