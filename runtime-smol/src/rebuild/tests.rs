use std::sync::Mutex;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use lode_core::catalog::{
    Bucket, CatalogAnswer, CatalogFailure, CatalogRequest, HeldBlob, ObjectPath, Retention, State, Version,
    VersionRecord,
};
use lode_core::id::Incarnation;
use lode_core::time::WallTime;

use super::*;
use crate::catalog::{Catalog, MemoryCatalog};

/// How many versions are put back here: more than go into one transaction.
const VERSIONS: u64 = 1100;

/// A catalog that fails from a request on.
struct Failing {
    catalog: MemoryCatalog,
    left: Mutex<usize>,
}

impl Failing {
    fn after(requests: usize) -> Self {
        Self { catalog: MemoryCatalog::new(), left: Mutex::new(requests) }
    }

    fn put_back(&self, scope: Scope) -> Result<(), PutBackError> {
        smol::block_on(put_back(self, Retention::Old(3), &versions(), scope, |_| ()))
    }

    /// Those that are registered besides the one who asks.
    fn uploaders(&self) -> Vec<u64> {
        let (asking, uploader) = (u64::MAX, Incarnation::new(u64::MAX));
        match smol::block_on(self.catalog.ask(CatalogRequest::Register { uploader })) {
            Ok(CatalogAnswer::Uploaders(all)) => {
                all.into_iter().map(Incarnation::number).filter(|number| *number != asking).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn blobs(&self) -> Vec<HeldBlob> {
        let all = CatalogRequest::Blobs { on: None, after: None, limit: usize::MAX };
        match smol::block_on(self.catalog.ask(all)) {
            Ok(CatalogAnswer::Blobs(blobs)) => blobs,
            other => panic!("{other:?}"),
        }
    }
}

impl Catalog for Failing {
    fn ask(&self, request: CatalogRequest) -> BoxFuture<'_, Result<CatalogAnswer, CatalogFailure>> {
        let mut left = self.left.lock().unwrap();
        match left.checked_sub(1) {
            Some(fewer) => {
                *left = fewer;
                self.catalog.ask(request)
            }
            None => ready(Err(CatalogFailure::Unavailable { reason: "it is gone".to_owned() })).boxed(),
        }
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

/// Of two buckets, uploaded by three.
fn versions() -> Vec<HeldBlob> {
    let version = |number: u64| {
        let bucket = if number.is_multiple_of(7) { Bucket::objects() } else { "other".parse().unwrap() };
        let path = ObjectPath { bucket, key: format!("{number}").parse().unwrap() };
        let blob = format!("{:016x}-{number:016x}", number % 3).parse().unwrap();
        let (state, written) = (State::Tombstone, WallTime::from_millis(number));
        let record = VersionRecord { version: Version::FIRST, blob, state, written };
        HeldBlob { path, record, holders: vec!["10.0.0.1:1".parse().unwrap()], retired: vec![] }
    };
    (0..VERSIONS).map(version).collect()
}

#[test]
fn all_is_put_back_and_then_their_uploaders_are_registered() {
    let catalog = Failing::after(usize::MAX);
    let mut told = Vec::new();
    smol::block_on(put_back(&catalog, Retention::Old(3), &versions(), Scope::Whole, |so_far| told.push(so_far)))
        .unwrap();
    assert_eq!(told, [500, 1000, 1100]);
    assert_eq!(catalog.uploaders(), [0, 1, 2]);
    let mut expected = versions();
    expected.sort_by_key(|held| held.record.blob);
    assert_eq!(catalog.blobs(), expected);
    let buckets = smol::block_on(catalog.ask(CatalogRequest::Buckets)).unwrap();
    let kept = |bucket: &str| (bucket.parse().unwrap(), Retention::Old(3));
    assert_eq!(buckets, CatalogAnswer::Buckets(vec![kept("objects"), kept("other")]));
}

/// Or an API server that is started with what there is would take the rest for garbage.
#[test]
fn nobody_is_registered_before_all_is_there() {
    // Two looks, two buckets and three pages come before.
    for requests in 0..7 {
        let catalog = Failing::after(requests);
        assert!(matches!(catalog.put_back(Scope::Whole), Err(PutBackError::Failed(_))), "{requests}");
        assert_eq!(catalog.uploaders(), [0; 0], "{requests}");
    }
    let catalog = Failing::after(usize::MAX);
    catalog.put_back(Scope::Part).unwrap();
    assert_eq!((catalog.uploaders().len(), catalog.blobs().len()), (0, versions().len()));
}

#[test]
fn what_is_not_new_is_left_alone() {
    let catalog = Failing::after(usize::MAX);
    catalog.put_back(Scope::Whole).unwrap();
    let told = catalog.put_back(Scope::Whole).unwrap_err();
    assert!(matches!(told, PutBackError::NotNew { .. }) && told.to_string().contains("memory is not empty"), "{told}");
    let of_garbage = Failing::after(usize::MAX);
    let blobs = vec![versions()[0].record.blob];
    let settle = CatalogRequest::Settle { blobs, held_on: Some("10.0.0.1:1".parse().unwrap()) };
    smol::block_on(of_garbage.ask(settle)).unwrap();
    assert!(matches!(of_garbage.put_back(Scope::Whole), Err(PutBackError::NotNew { .. })));
}
