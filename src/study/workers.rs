//! Threads that each work on one thing at a time.
//!
//! Within a thread pool of rayon a thread that waits for a part of its work begins on other work meanwhile. Where one
//! piece of work is a whole community, each thread would hold several half-done ones in memory. So every worker here is a
//! pool of one thread: what is parallel inside a piece of work runs on that thread alone, one part after another.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Results that may wait to be taken before the workers wait too.
const WAITING: usize = 64;

/// A number of threads for work in large pieces.
#[derive(Debug)]
pub struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// `threads` workers, at least one.
    ///
    /// # Errors
    /// If the system gives no more threads.
    pub fn new(threads: usize) -> Result<Workers, ThreadPoolBuildError> {
        let pools = (0..threads.max(1)).map(|_| ThreadPoolBuilder::new().num_threads(1).build());
        Ok(Workers { pools: pools.collect::<Result<_, _>>()? })
    }

    /// Does `work` on every item, each on one thread and as many side by side as there are workers.
    ///
    /// # Arguments
    /// * `work` – the piece of work; `None` where it is given up.
    /// * `take` – called on the calling thread with each result, in the order in which they are done. Returns whether
    ///   to go on: after a `false` the workers end with what they are at, and its results are dropped.
    ///
    /// Returns whether `take` never said `false`.
    pub fn each<T: Send, R: Send>(
        &self,
        items: impl IntoIterator<Item = T, IntoIter: Send>,
        work: impl Fn(T) -> Option<R> + Sync,
        take: impl FnMut(R) -> bool,
    ) -> bool {
        let items = Mutex::new(items.into_iter());
        // A worker that panics ends the program, so that what it leaves behind is of no account.
        let next = || items.lock().ok().and_then(|mut items| items.next());
        std::thread::scope(|scope| {
            let (sender, results) = sync_channel(WAITING);
            for pool in &self.pools {
                let (sender, next, work) = (sender.clone(), &next, &work);
                scope.spawn(move || {
                    // A thread outside of the pool only waits for it.
                    pool.install(|| {
                        while let Some(result) = next().and_then(work) {
                            if sender.send(result).is_err() {
                                break;
                            }
                        }
                    });
                });
            }
            drop(sender);
            results.into_iter().all(take)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rayon::prelude::*;

    use super::*;

    #[test]
    fn every_item_is_done_once_and_each_worker_has_one_at_a_time() {
        let workers = Workers::new(3).unwrap();
        let (begun, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = |item: u64| {
            let now = begun.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            // Parts that wait for each other: where a thread looks for other work, it would begin another item.
            let parts = (0..1000_u32).into_par_iter().with_max_len(1);
            let sum: u64 = parts.map(|part| u64::from(part) * item).sum();
            begun.fetch_sub(1, Ordering::SeqCst);
            Some((item, sum))
        };
        let mut done = BTreeSet::new();
        let all = workers.each(0..100, work, |(item, sum)| {
            assert_eq!(sum, item * 499_500);
            done.insert(item)
        });
        assert!(all && done.len() == 100);
        assert!(most.load(Ordering::SeqCst) <= 3);
    }

    #[test]
    fn nothing_is_begun_after_a_stop() {
        let workers = Workers::new(2).unwrap();
        let begun = AtomicUsize::new(0);
        let mut taken = 0;
        let count = |item: u32| {
            begun.fetch_add(1, Ordering::SeqCst);
            Some(item)
        };
        let all = workers.each(0..100_000, count, |_| {
            taken += 1;
            taken < 5
        });
        assert!(!all);
        assert_eq!(taken, 5);
        assert!(begun.load(Ordering::SeqCst) < 100_000);
        // Work that is given up ends its worker.
        assert!(workers.each(0..10, |_| None::<u32>, |_| panic!("nothing was done")));
    }
}
