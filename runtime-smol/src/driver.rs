//! What drives a machine of the core: feeds it inputs with the time, hands on its effects, and knows when it wants to be
//! woken.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as StdInstant};

use async_io::Timer;
use futures::FutureExt;
use lode_core::machine::{Effects, Machine};
use lode_core::time::Instant;
use smol::channel::{Receiver, Sender};

/// One machine and its clock. Inputs may come from any task; each is handled at once, by whoever brings it, so that no
/// request waits for another task to be woken.
pub(crate) struct Driver<M: Machine> {
    state: Mutex<State<M>>,
    started: StdInstant,
    earlier_deadline: Sender<()>,
    deadline_changed: Receiver<()>,
}

struct State<M: Machine> {
    machine: M,
    effects: Effects<M::Effect>,
    /// What the timer sleeps until; `None` while it sleeps until told otherwise.
    armed: Option<Instant>,
}

impl<M: Machine> Driver<M> {
    /// Time starts now.
    pub(crate) fn new(machine: M) -> Self {
        // One place is enough: a second word that the deadline has changed says nothing new.
        let (earlier_deadline, deadline_changed) = smol::channel::bounded(1);
        let state = State { machine, effects: Effects::new(), armed: None };
        Self { state: Mutex::new(state), started: StdInstant::now(), earlier_deadline, deadline_changed }
    }

    /// Has the machine handle one input, and hands each effect to `carry_out` in order. `carry_out` must not block, nor
    /// feed this machine: it starts things, or puts them where somebody else will find them.
    ///
    /// # Panics
    /// If the machine has failed an assertion, now or before: it is not to be trusted with anything any more.
    pub(crate) fn feed(&self, input: M::Input, mut carry_out: impl FnMut(M::Effect)) {
        let mut state = self.lock();
        assert!(!self.state.is_poisoned(), "the machine of this server has failed an assertion; see above in the log");
        let State { machine, effects, armed } = &mut *state;
        machine.handle(self.now(), input, effects);
        for effect in effects.drain() {
            carry_out(effect);
        }
        let next = machine.next_deadline();
        let sleeps_too_long = next.is_some_and(|next| armed.is_none_or(|armed| next < armed));
        if sleeps_too_long {
            *armed = next;
            // A full channel holds the same word already.
            let _already_told = self.earlier_deadline.try_send(());
        }
    }

    /// Waits until the machine wants to be woken. To be called by one task only, which then feeds
    /// [`Machine::deadline_reached`].
    pub(crate) async fn deadline(&self) {
        loop {
            let next = self.arm();
            let Some(next) = next else {
                let _told = self.deadline_changed.recv().await;
                continue;
            };
            let wait = next.saturating_since(self.now());
            if wait == Duration::ZERO {
                return;
            }
            futures::select_biased! {
                _ = self.deadline_changed.recv().fuse() => {}
                _ = FutureExt::fuse(Timer::after(wait)) => {}
            }
        }
    }

    /// Looks at the machine.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&M, Instant) -> R) -> R {
        let state = self.lock();
        look(&state.machine, self.now())
    }

    fn arm(&self) -> Option<Instant> {
        let mut state = self.lock();
        state.armed = state.machine.next_deadline();
        state.armed
    }

    fn now(&self) -> Instant {
        Instant::since_start(self.started.elapsed())
    }

    /// What a machine that has failed an assertion has counted can still be looked at.
    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fires once, a while after it was asked to.
    struct Alarm {
        at: Option<Instant>,
        fired: bool,
    }

    enum Input {
        DeadlineReached,
        After(Duration),
    }

    impl Machine for Alarm {
        type Input = Input;
        type Effect = &'static str;

        fn deadline_reached() -> Input {
            Input::DeadlineReached
        }

        fn handle(&mut self, now: Instant, input: Input, effects: &mut Effects<&'static str>) {
            if self.at.take_if(|at| *at <= now).is_some() {
                self.fired = true;
                effects.push("fired");
            }
            match input {
                Input::DeadlineReached => {}
                Input::After(delay) => self.at = Some(now + delay),
            }
        }

        fn next_deadline(&self) -> Option<Instant> {
            self.at
        }
    }

    #[test]
    fn a_machine_that_has_failed_an_assertion_is_never_fed_again() {
        let driver = Driver::new(Alarm { at: None, fired: false });
        let feed = |carry_out: fn(&'static str)| {
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                driver.feed(Input::After(Duration::ZERO), carry_out);
                driver.feed(Alarm::deadline_reached(), carry_out);
            }))
        };
        assert!(feed(|_| panic!("an assertion")).is_err());
        assert!(feed(|_| {}).is_err());
        driver.look(|_, _| ());
    }

    #[test]
    fn it_sleeps_exactly_until_the_deadline_even_when_that_moves_closer() {
        let driver = Driver::new(Alarm { at: None, fired: false });
        let effects = Mutex::new(Vec::new());
        let carry_out = |effect| effects.lock().unwrap().push(effect);
        let started = StdInstant::now();
        driver.feed(Input::After(Duration::from_secs(3600)), carry_out);
        smol::block_on(smol::future::zip(driver.deadline(), async {
            Timer::after(Duration::from_millis(5)).await;
            driver.feed(Input::After(Duration::from_millis(20)), carry_out);
        }));
        assert!(started.elapsed() >= Duration::from_millis(25));
        assert!(started.elapsed() < Duration::from_secs(60));
        driver.feed(Alarm::deadline_reached(), carry_out);
        assert!(driver.look(|alarm, _| alarm.fired));
        assert_eq!(*effects.lock().unwrap(), ["fired"]);
    }
}
