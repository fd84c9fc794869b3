use proptest::prelude::*;

use crate::engine::timers::TimerWheel;

proptest! {
    /// No timer fires early, and each fires once, within two ticks of its time or at the next look.
    #[test]
    fn fires_once_and_never_early(
        deadlines in proptest::collection::vec(0u64..20_000, 1..40),
        steps in proptest::collection::vec(1u64..3_000, 1..40),
    ) {
        let mut wheel = TimerWheel::new(0);
        for (index, deadline) in deadlines.iter().enumerate() {
            wheel.insert(*deadline, index as u32, 1);
        }
        let (mut now, mut fired_at) = (0, vec![None; deadlines.len()]);
        for step in steps.into_iter().chain([25_000]) {
            let before = now;
            now += step;
            let mut fired = Vec::new();
            wheel.advance(now, &mut fired);
            for (index, _) in fired {
                let index = index as usize;
                prop_assert!(fired_at[index].is_none(), "fired twice");
                prop_assert!(deadlines[index] <= now, "fired early");
                prop_assert!(deadlines[index] + 16 > before, "fired a step too late");
                fired_at[index] = Some(now);
            }
        }
        prop_assert!(fired_at.iter().all(Option::is_some));
        prop_assert_eq!(wheel.next_wake(now), None);
    }

    /// A driver that sleeps as it is told is never more than two ticks late.
    #[test]
    fn next_wake_leads_to_the_deadline(deadline in 0u64..20_000) {
        let mut wheel = TimerWheel::new(0);
        wheel.insert(deadline, 0, 1);
        let (mut now, mut fired) = (0, Vec::new());
        while fired.is_empty() {
            now += wheel.next_wake(now).expect("pending");
            wheel.advance(now, &mut fired);
        }
        prop_assert!(now >= deadline && now <= deadline + 16, "{now} for {deadline}");
    }
}
