//! Delta debugging: the ddmin of Zeller and Hildebrandt (Simplifying and Isolating Failure-Inducing Input, 2002).

/// As few of the items as still fail together: none of those that are left could be spared alone. All of them together must
/// fail. Of the lists for which `fails` has said yes, the last is what is returned.
pub(super) fn ddmin<T: Clone>(items: Vec<T>, mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    if items.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let (mut kept, mut parts) = (items, 2);
    while kept.len() > 1 {
        let part_length = kept.len().div_ceil(parts);
        if let Some(part) = one_part(&kept, part_length, &mut fails) {
            (kept, parts) = (part, 2);
        } else if let Some(rest) = all_but_one_part(&kept, part_length, &mut fails) {
            (kept, parts) = (rest, parts.saturating_sub(1).max(2));
        } else if part_length == 1 {
            break;
        } else {
            parts = (parts * 2).min(kept.len());
        }
    }
    kept
}

fn one_part<T: Clone>(items: &[T], length: usize, fails: &mut impl FnMut(&[T]) -> bool) -> Option<Vec<T>> {
    items.chunks(length).find(|part| fails(part)).map(<[T]>::to_vec)
}

fn all_but_one_part<T: Clone>(items: &[T], length: usize, fails: &mut impl FnMut(&[T]) -> bool) -> Option<Vec<T>> {
    let begins = (0..items.len()).step_by(length);
    let mut rests = begins.map(|begin| {
        let (before, rest) = items.split_at(begin);
        [before, rest.get(length..).unwrap_or_default()].concat()
    });
    rests.find(|rest| fails(rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_needed_is_found() {
        for needed in [vec![], vec![0], vec![99], vec![3, 4], vec![0, 50, 99], (20..60).collect()] {
            let found = ddmin((0..100).collect(), |items: &[u8]| needed.iter().all(|item| items.contains(item)));
            assert_eq!(found, needed);
        }
    }

    #[test]
    fn it_takes_few_attempts() {
        let mut attempts = 0;
        let found = ddmin((0..1000).collect(), |items: &[u16]| {
            attempts += 1;
            items.contains(&700) && items.contains(&701)
        });
        assert_eq!(found, [700, 701]);
        assert!(attempts < 100, "{attempts}");
    }

    proptest! {
        /// Also where an item hides the failure that another causes.
        #[test]
        fn what_is_left_fails_and_can_spare_nothing(length in 0_u8..40, salt in any::<u64>()) {
            let all: Vec<u8> = (0..length).collect();
            let fails = |items: &[u8]| {
                let mixed = items.iter().fold(salt, |hash, item| (hash ^ u64::from(*item)).wrapping_mul(0x0100_0000_01b3));
                items.len() == all.len() || mixed % 5 == 0
            };
            let found = ddmin(all.clone(), fails);
            prop_assert!(fails(&found));
            for spared in 0..found.len() {
                let mut fewer = found.clone();
                fewer.remove(spared);
                prop_assert!(!fails(&fewer));
            }
        }
    }
}
