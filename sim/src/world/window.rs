//! Things that are numbered one after the other, of which those of the last moments are kept.

use std::collections::VecDeque;

/// What is under way, by numbers that only grow. What is over leaves a gap, and the gaps before the oldest thing that is
/// still under way are given back. So everything is found at once, where a tree would be searched at each step.
#[derive(Debug)]
pub(crate) struct Window<T> {
    /// The number of the first place.
    first: u64,
    places: VecDeque<Option<T>>,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { first: 0, places: VecDeque::new() }
    }
}

impl<T> Window<T> {
    /// Something begins, under a number greater than all before it.
    pub(crate) fn insert(&mut self, number: u64, thing: T) {
        if self.places.is_empty() {
            self.first = number;
        }
        while self.first + (self.places.len() as u64) < number {
            self.places.push_back(None);
        }
        self.places.push_back(Some(thing));
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.places.get(self.place_of(number)?)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.place_of(number)?;
        self.places.get_mut(place)?.as_mut()
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let place = self.place_of(number)?;
        let removed = self.places.get_mut(place)?.take();
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.first += 1;
        }
        removed
    }

    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// All that is under way, in the order of the numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        (self.first..).zip(&self.places).filter_map(|(number, place)| Some((number, place.as_ref()?)))
    }

    fn place_of(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_a_map_would_be(steps: Vec<(bool, u8)>) {
            let (mut window, mut map, mut last) = (Window::default(), BTreeMap::new(), 0);
            for (begins, by) in steps {
                if begins {
                    last += 1 + u64::from(by % 3);
                    window.insert(last, by);
                    map.insert(last, by);
                } else {
                    let number = last.saturating_sub(u64::from(by % 8));
                    prop_assert_eq!(window.remove(number), map.remove(&number));
                }
                prop_assert!(window.iter().eq(map.iter().map(|(number, thing)| (*number, thing))));
                prop_assert_eq!(window.is_empty(), map.is_empty());
                for number in last.saturating_sub(20)..last + 2 {
                    prop_assert_eq!(window.get(number), map.get(&number));
                }
            }
        }
    }
}
