use alloc::format;
use alloc::vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::*;
use crate::catalog::Version;
use crate::time::WallTime;

const BLOB: &str = "00000000000000ab-0000000000000007";

fn any_blob() -> impl Strategy<Value = BlobId> {
    any::<[u8; 16]>().prop_map(BlobId::from_bytes)
}

fn any_committed() -> impl Strategy<Value = CommittedBlob> {
    (any_blob(), 1..=i64::MAX.cast_unsigned(), any::<u64>()).prop_map(|(blob, version, millis)| CommittedBlob {
        blob,
        version: Version::new(version).unwrap(),
        written: WallTime::from_millis(millis),
    })
}

#[test]
fn texts_read_as_plainly_as_can_be() {
    let blob: BlobId = BLOB.parse().unwrap();
    let committed = CommittedBlob { blob, version: Version::FIRST, written: WallTime::from_millis(5) };
    assert_eq!(committed_to_text(&[committed]), format!("{BLOB} 1 5\n"));
    assert_eq!(held_to_text(&[blob, blob]), format!("{BLOB}\n{BLOB}\n"));
    let page =
        InventoryPage { blobs: vec![InventoryEntry { blob, age: Duration::from_micros(3500) }], next: Some(blob) };
    assert_eq!(page.to_text(), format!("{BLOB} 3\nnext {BLOB}\n"));
    assert_eq!(InventoryPage { blobs: vec![], next: None }.to_text(), "end\n");
}

#[test]
fn what_is_written_in_another_way_is_refused() {
    for text in ["\n", "x", " ", BLOB, &format!("{BLOB} \n"), &format!("{BLOB}\r\n"), &BLOB.to_uppercase()] {
        assert!(held_from_text(text.as_bytes()).is_err(), "{text:?}");
        assert!(committed_from_text(text.as_bytes()).is_err(), "{text:?}");
        assert!(InventoryPage::from_text(format!("{text}end\n").as_bytes()).is_err(), "{text:?}");
    }
    let line = |line| InventoryTextError::Line { line, expected: "a blob" };
    assert_eq!(held_from_text(format!("{BLOB}\n{BLOB}").as_bytes()), Err(line(2)));
    assert_eq!(held_from_text(b"\xff\n"), Err(line(1)));
    assert!(committed_from_text(format!("{BLOB} 0 5\n").as_bytes()).is_err());
    for text in ["", "end", &format!("{BLOB} 5\n"), &format!("{BLOB} 5\nnext\n"), "end\nend\n", "next \n"] {
        assert!(InventoryPage::from_text(text.as_bytes()).is_err(), "{text:?}");
    }
    assert_eq!(InventoryPage::from_text(format!("{BLOB} 5\n").as_bytes()), Err(InventoryTextError::CutShort));
}

#[test]
fn a_text_tells_of_so_many_blobs_and_no_more() {
    let blobs = vec![BLOB.parse().unwrap(); MAX_BLOBS_AT_A_TIME + 1];
    assert_eq!(held_from_text(held_to_text(&blobs).as_bytes()), Err(InventoryTextError::TooMany));
    assert_eq!(held_from_text(held_to_text(&blobs[1..]).as_bytes()).unwrap().len(), MAX_BLOBS_AT_A_TIME);
}

proptest! {
    #[test]
    fn questions_and_answers_survive_being_sent(
        committed in vec_of(any_committed(), 0..5),
        ages in vec_of((any_blob(), any::<u32>()), 0..5),
        next in prop::option::of(any_blob()),
    ) {
        let held: Vec<_> = committed.iter().map(|blob| blob.blob).collect();
        prop_assert_eq!(committed_from_text(committed_to_text(&committed).as_bytes()), Ok(committed));
        prop_assert_eq!(held_from_text(held_to_text(&held).as_bytes()), Ok(held));
        let entry = |(blob, millis): (BlobId, u32)| InventoryEntry { blob, age: Duration::from_millis(millis.into()) };
        let page = InventoryPage { blobs: ages.into_iter().map(entry).collect(), next };
        prop_assert_eq!(InventoryPage::from_text(page.to_text().as_bytes()), Ok(page));
    }

    /// A text that is cut off anywhere is no page.
    #[test]
    fn a_page_that_is_cut_short_is_none(ages in vec_of((any_blob(), any::<u32>()), 0..4), cut: prop::sample::Index) {
        let entry = |(blob, millis): (BlobId, u32)| InventoryEntry { blob, age: Duration::from_millis(millis.into()) };
        let text = InventoryPage { blobs: ages.into_iter().map(entry).collect(), next: None }.to_text();
        prop_assert!(InventoryPage::from_text(&text.as_bytes()[..cut.index(text.len())]).is_err());
    }
}
