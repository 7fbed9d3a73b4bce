//! What data servers and API servers say to each other about blobs.

use lode_core::catalog::{Description, VersionLabel};
use lode_core::inventory::text::{committed_from_text, committed_to_text, held_from_text, held_to_text};
use lode_core::inventory::{FullPage, InventoryPage, MAX_BLOBS_AT_A_TIME};
use lode_core::resource::data::DataResource;

/// Whatever is understood is written the same, byte for byte, and is bounded.
pub fn blob_texts(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        if let Ok(description) = text.parse::<Description>() {
            assert_eq!(description.to_string(), text);
        }
        if let Ok(label) = text.parse::<VersionLabel>() {
            assert_eq!(label.to_string(), text);
        }
    }
    if let Ok(blobs) = committed_from_text(data) {
        assert!(blobs.len() <= MAX_BLOBS_AT_A_TIME);
        assert_eq!(committed_to_text(&blobs).as_bytes(), data);
    }
    if let Ok(blobs) = held_from_text(data) {
        assert!(blobs.len() <= MAX_BLOBS_AT_A_TIME);
        assert_eq!(held_to_text(&blobs).as_bytes(), data);
    }
    if let Ok(page) = InventoryPage::from_text(data) {
        assert!(page.blobs.len() <= MAX_BLOBS_AT_A_TIME);
        assert_eq!(page.to_text().as_bytes(), data);
    }
    if let Ok(page) = FullPage::from_text(data) {
        assert!(page.blobs.len() <= MAX_BLOBS_AT_A_TIME);
        assert_eq!(page.to_text().as_bytes(), data);
    }
    target(data);
}

/// A target that is understood means the same when it is written plainly.
fn target(data: &[u8]) {
    for prefix in [&b""[..], b"/blobs/?"] {
        if let Ok(Some(DataResource::Inventory(query))) = DataResource::parse(&[prefix, data].concat()) {
            assert!((1..=MAX_BLOBS_AT_A_TIME).contains(&query.limit));
            let again = DataResource::parse(query.target().as_bytes());
            assert_eq!(again, Ok(Some(DataResource::Inventory(query))));
        }
    }
}
