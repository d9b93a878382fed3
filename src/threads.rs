//! Work that is spread over the machine's cores.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Does the same for each item, on as many threads as there are cores and at most `most`; what comes out is in the order of the items.
pub(crate) fn spread<T: Sync, A: Send>(items: &[T], most: usize, work: impl Fn(&T) -> A + Sync) -> Vec<A> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = cores.min(most).min(items.len()).max(1);
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(n) else { return done };
            done.push((n, work(item)));
        }
    };
    let mut done = if workers == 1 {
        take()
    } else {
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(take)).collect();
            let mut done = take();
            for other in others {
                match other.join() {
                    Ok(more) => done.extend(more),
                    Err(cause) => std::panic::resume_unwind(cause),
                }
            }
            done
        })
    };
    done.sort_unstable_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_in_the_order_of_what_goes_in() {
        let items: Vec<usize> = (0..1_000).collect();
        for most in [0, 1, 2, 8] {
            assert_eq!(spread(&items, most, |n| n * 2), (0..1_000).map(|n| n * 2).collect::<Vec<_>>());
        }
        assert!(spread(&[] as &[usize], 4, |n| *n).is_empty());
    }
}
