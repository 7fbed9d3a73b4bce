//! Request targets where there is a catalog: keys, versions, listings and buckets.

use lode_core::catalog::listing::{ListQuery, Listing};
use lode_core::catalog::{Key, MAX_KEY_BYTES, ObjectPath};
use lode_core::resource::versions::VersionResource;

/// Whatever is understood says the same when it is written as plainly as can be.
pub fn version_resource(data: &[u8]) {
    for prefix in
        [&b""[..], b"/objects/", b"/versions/", b"/objects/?", b"/buckets/", b"/locate/", b"http://host/objects/"]
    {
        let target = [prefix, data].concat();
        if let Ok(Some(resource)) = VersionResource::parse(&target) {
            check(&resource);
            let again = written(&resource);
            assert_eq!(VersionResource::parse(again.as_bytes()), Ok(Some(resource)), "{again}");
        }
    }
}

fn check(resource: &VersionResource) {
    match resource {
        VersionResource::Object { path, .. }
        | VersionResource::Locate { path, .. }
        | VersionResource::Versions { path } => check_key(&path.key),
        VersionResource::List(query) => check_query(query),
        VersionResource::Bucket { bucket, .. } => assert!((3..=63).contains(&bucket.as_str().len()), "{bucket}"),
        VersionResource::Buckets => {}
    }
}

fn check_key(key: &Key) {
    let text = key.as_str();
    assert!(!text.is_empty() && text.len() <= MAX_KEY_BYTES && !text.contains('\0'), "{text:?}");
}

/// A page can be begun for whatever was asked, and an empty range ends it.
fn check_query(query: &ListQuery) {
    assert!(query.limit > 0 && query.delimiter.as_deref() != Some(""));
    let mut listing = Listing::new(query);
    if let Some(scan) = listing.scan() {
        assert!(scan.most > 0);
        listing.read(&scan, Vec::new());
    }
    assert_eq!((listing.scan(), listing.page().next), (None, None));
}

fn written(resource: &VersionResource) -> String {
    let key = |path: &ObjectPath| escaped(path.key.as_str());
    match resource {
        VersionResource::Object { path, version: None } => format!("/objects/{}", key(path)),
        VersionResource::Object { path, version: Some(version) } => format!("/objects/{}?version={version}", key(path)),
        VersionResource::Locate { path, all } => format!("/locate/{}{}", key(path), if *all { "?all" } else { "" }),
        VersionResource::Versions { path } => format!("/versions/{}", key(path)),
        VersionResource::List(ListQuery { prefix, delimiter, after, limit, .. }) => {
            let (delimiter, after) = (delimiter.as_deref().unwrap_or(""), after.as_deref().unwrap_or(""));
            let [prefix, delimiter, after] = [prefix, delimiter, after].map(escaped);
            format!("/objects/?limit={limit}&after={after}&delimiter={delimiter}&prefix={prefix}")
        }
        VersionResource::Buckets => "/buckets".to_owned(),
        VersionResource::Bucket { bucket, retention: None } => format!("/buckets/{bucket}"),
        VersionResource::Bucket { bucket, retention: Some(retention) } => {
            format!("/buckets/{bucket}?old_versions={retention}")
        }
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
