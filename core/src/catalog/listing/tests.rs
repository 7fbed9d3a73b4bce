use super::*;
use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

fn listed(key: &str) -> Listed {
    Listed {
        key: key.parse().unwrap(),
        version: Version::FIRST,
        size_bytes: 0,
        checksum: Checksum::new([0; 32]),
        written: WallTime::EPOCH,
    }
}

fn query(prefix: &str, delimiter: Option<&str>, after: Option<&str>, limit: usize) -> ListQuery {
    ListQuery {
        bucket: Bucket::objects(),
        prefix: prefix.to_string(),
        delimiter: delimiter.map(str::to_string),
        after: after.map(str::to_string),
        limit,
    }
}

/// The page, and how many keys were read for it.
fn page_of(keys: &BTreeSet<String>, query: &ListQuery) -> (Page, usize) {
    let mut listing = Listing::new(query);
    let mut read = 0;
    while let Some(scan) = listing.scan() {
        let until = scan.until.clone().map_or(Bound::Unbounded, Bound::Excluded);
        // A range whose end is not behind its beginning is empty.
        let begins_behind_its_end = match (&scan.from, &scan.until) {
            (Bound::Included(from) | Bound::Excluded(from), Some(until)) => from >= until,
            (Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded, _) => false,
        };
        let range = (!begins_behind_its_end).then(|| keys.range((scan.from.clone(), until)));
        let rows: Vec<Listed> = range.into_iter().flatten().take(scan.most).map(|key| listed(key)).collect();
        read += rows.len();
        listing.read(&scan, rows);
    }
    (listing.page(), read)
}

fn texts(page: &Page) -> Vec<&str> {
    page.objects.iter().map(|listed| listed.key.as_str()).collect()
}

/// By looking at all keys.
fn plainly(keys: &BTreeSet<String>, query: &ListQuery) -> BTreeSet<(String, bool)> {
    let matching = keys.iter().filter(|key| key.starts_with(&query.prefix));
    let told = matching.map(|key| match query.fold(key) {
        Some(prefix) => (prefix.to_string(), true),
        None => (key.clone(), false),
    });
    told.collect()
}

#[test]
fn keys_fold_at_the_delimiter_behind_the_prefix() {
    let keys = ["a", "a/", "a/b", "a/b/c", "a/d", "b"].map(str::to_string).into();
    let (page, _) = page_of(&keys, &query("", Some("/"), None, 10));
    assert_eq!(
        (texts(&page).as_slice(), page.prefixes.as_slice()),
        (["a", "b"].as_slice(), ["a/".to_string()].as_slice())
    );
    let (page, _) = page_of(&keys, &query("a/", Some("/"), None, 10));
    assert_eq!(
        (texts(&page).as_slice(), page.prefixes.as_slice()),
        (["a/", "a/b", "a/d"].as_slice(), ["a/b/".to_string()].as_slice())
    );
}

#[test]
fn folded_keys_are_not_all_read() {
    let keys = (0..10).flat_map(|group| (0..1000).map(move |key| alloc::format!("{group}/{key:04}"))).collect();
    let (page, read) = page_of(&keys, &query("", Some("/"), None, 1000));
    assert_eq!((page.prefixes.len(), page.next), (10, None));
    assert!(read <= 11 * FIRST_STEP, "{read} keys were read");
}

#[test]
fn a_page_is_no_longer_than_may_be() {
    let keys = (0..2000).map(|key| alloc::format!("{key:04}")).collect();
    let (page, read) = page_of(&keys, &query("", None, None, usize::MAX));
    assert_eq!((page.objects.len(), page.next.as_deref(), read), (MAX_PAGE, Some("0999"), MAX_PAGE + 1));
}

proptest! {
    /// Page after page, all are told once, in their order, each page as long as it may be but the last.
    #[test]
    fn pages_together_are_the_whole(
        keys in btree_set("[ab/é]{1,5}", 0..40),
        prefix in "[ab/]{0,2}",
        delimiter in prop::option::of("[/b]{1,2}"),
        limits in vec(1_usize..6, 100),
    ) {
        let mut query = query(&prefix, delimiter.as_deref(), None, 1);
        let expected = plainly(&keys, &query);
        let mut told = Vec::new();
        for limit in limits {
            query.limit = limit;
            let (page, _) = page_of(&keys, &query);
            let mut items: Vec<_> = page.prefixes.iter().map(|prefix| (prefix.clone(), true)).collect();
            items.extend(texts(&page).into_iter().map(|key| (key.to_string(), false)));
            items.sort();
            prop_assert!(items.len() == limit || page.next.is_none());
            told.extend(items);
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        prop_assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
    }

    /// Any text may be the `after` of a client.
    #[test]
    fn what_comes_after_any_text_comes_after_it(
        keys in btree_set("[ab/]{1,4}", 0..30),
        prefix in "[ab/]{0,2}",
        delimiter in prop::option::of("[/b]"),
        after in "[ab/é]{0,4}",
    ) {
        let query = query(&prefix, delimiter.as_deref(), Some(&after), 1000);
        let (page, _) = page_of(&keys, &query);
        let folds_itself = query.fold(&after) == Some(after.as_str());
        let behind = |key: &&String| **key > after && !(folds_itself && key.starts_with(&after));
        let behind: BTreeSet<String> = keys.iter().filter(behind).cloned().collect();
        let expected = plainly(&behind, &query);
        let told: BTreeSet<_> = page.prefixes.iter().map(|prefix| (prefix.clone(), true))
            .chain(texts(&page).into_iter().map(|key| (key.to_string(), false))).collect();
        prop_assert_eq!(told, expected);
    }
}
