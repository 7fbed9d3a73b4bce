//! What a request is about where there is a catalog: keys are plain texts there, and have versions.
//!
//! `/objects/photos/1.jpg` and `/objects/photos%2F1.jpg` are the same key, `photos/1.jpg`, in the bucket of that name,
//! `objects`; a slash is a character like any other. So are `a%20b` and `a%20%62`, unlike without a catalog.

use alloc::string::{String, ToString as _};

use super::{asks_for_all, path_and_query};
use crate::catalog::listing::{ListQuery, MAX_PAGE};
use crate::catalog::{
    Bucket, BucketError, Key, KeyError, ObjectPath, ParseVersionError, Retention, RetentionError, Version,
};
use crate::name::escape::{EscapeError, unescape};

/// What is served where there is a catalog, besides what [`Resource`](super::Resource) names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionResource {
    /// `/objects/KEY`, `/objects/KEY?version=N`: an object, or one version of it.
    Object {
        /// Which.
        path: ObjectPath,
        /// Which version, if not the current one.
        version: Option<Version>,
    },
    /// `/locate/KEY`: who has the current version of an object.
    Locate {
        /// Of which.
        path: ObjectPath,
        /// Whether every holder is asked for (`?all=1`), and not one.
        all: bool,
    },
    /// `/versions/KEY`: the versions of an object.
    Versions {
        /// Of which.
        path: ObjectPath,
    },
    /// `/objects/?prefix=…&delimiter=…&after=…&limit=…`: a listing.
    List(ListQuery),
    /// `/buckets`: which buckets there are, and what they keep.
    Buckets,
    /// `/buckets/NAME?old_versions=N`: what a bucket keeps.
    Bucket {
        /// Which.
        bucket: Bucket,
        /// What it is to keep, if that is said.
        retention: Option<Retention>,
    },
}

/// A target that cannot be understood. HTTP: 414 for a key that is too long, else 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionResourceError {
    /// Not a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Not a version.
    #[error(transparent)]
    Version(#[from] ParseVersionError),
    /// A `%` without two hexadecimal digits behind it.
    #[error("an escape is broken: write %XX with two hexadecimal digits, and % itself as %25")]
    Escape,
    /// The value of a parameter is no UTF-8.
    #[error("the parameter {parameter} is no UTF-8 text")]
    NotText {
        /// Which.
        parameter: &'static str,
    },
    /// Not a bucket.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// Not a number of versions.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// What a bucket is to keep is not said, or more is said than that.
    #[error("write PUT /buckets/NAME?old_versions=N, N being a number or unlimited, and nothing else")]
    OldVersions,
    /// The limit of a listing is no number, or zero.
    #[error("the parameter limit must be a number from 1 on; at most {MAX_PAGE} are listed at a time")]
    Limit,
}

impl VersionResource {
    /// What the target means; `None` if it is about neither objects nor versions.
    ///
    /// # Errors
    /// If it is, and cannot be understood.
    pub fn parse(target: &[u8]) -> Result<Option<Self>, VersionResourceError> {
        let (path, query) = path_and_query(target);
        if path == b"/objects/" || path == b"/objects" {
            return list(query).map(|query| Some(Self::List(query)));
        }
        if let Some(key) = path.strip_prefix(b"/objects/") {
            let version = parameter(query, "version")?.map(|version| version.parse()).transpose()?;
            return Ok(Some(Self::Object { path: object(key)?, version }));
        }
        if let Some(key) = path.strip_prefix(b"/versions/") {
            return Ok(Some(Self::Versions { path: object(key)? }));
        }
        if let Some(key) = path.strip_prefix(b"/locate/") {
            return Ok(Some(Self::Locate { path: object(key)?, all: asks_for_all(query) }));
        }
        if path == b"/buckets" || path == b"/buckets/" {
            return Ok(Some(Self::Buckets));
        }
        path.strip_prefix(b"/buckets/").map(|name| bucket(name, query)).transpose()
    }
}

/// A name of a bucket has nothing to escape. A setting that is misspelt must not look as if it had been taken.
fn bucket(name: &[u8], query: &[u8]) -> Result<VersionResource, VersionResourceError> {
    let name = core::str::from_utf8(name).map_err(|error| BucketError::ForbiddenByte { at: error.valid_up_to() })?;
    let bucket = name.parse()?;
    if query.is_empty() {
        return Ok(VersionResource::Bucket { bucket, retention: None });
    }
    let value = query.strip_prefix(b"old_versions=").filter(|value| !value.contains(&b'&'));
    let value = core::str::from_utf8(value.ok_or(VersionResourceError::OldVersions)?).map_err(|_| RetentionError)?;
    Ok(VersionResource::Bucket { bucket, retention: Some(value.parse()?) })
}

fn object(key: &[u8]) -> Result<ObjectPath, VersionResourceError> {
    let plain = unescape(key).map_err(|EscapeError { .. }| VersionResourceError::Escape)?;
    Ok(ObjectPath { bucket: Bucket::objects(), key: Key::from_bytes(&plain)? })
}

fn list(query: &[u8]) -> Result<ListQuery, VersionResourceError> {
    let limit = match parameter(query, "limit")? {
        None => MAX_PAGE,
        Some(limit) => limit.parse().ok().filter(|limit| *limit > 0).ok_or(VersionResourceError::Limit)?,
    };
    Ok(ListQuery {
        bucket: Bucket::objects(),
        prefix: parameter(query, "prefix")?.unwrap_or_default(),
        delimiter: parameter(query, "delimiter")?.filter(|delimiter| !delimiter.is_empty()),
        after: parameter(query, "after")?.filter(|after| !after.is_empty()),
        limit,
    })
}

/// The value of the first parameter of this name. A `+` stands for a space, as in forms.
fn parameter(query: &[u8], name: &'static str) -> Result<Option<String>, VersionResourceError> {
    let parameters = query.split(|&byte| byte == b'&');
    let named = parameters.filter_map(|parameter| parameter.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let Some(value) = named.into_iter().next() else { return Ok(None) };
    let spaced: alloc::vec::Vec<u8> = value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    let plain = unescape(&spaced).map_err(|EscapeError { .. }| VersionResourceError::Escape)?;
    let text = core::str::from_utf8(&plain).map_err(|_| VersionResourceError::NotText { parameter: name })?;
    Ok(Some(text.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(key: &str) -> ObjectPath {
        ObjectPath { bucket: Bucket::objects(), key: key.parse().unwrap() }
    }

    #[test]
    fn keys_are_plain_texts_with_slashes() {
        for (target, key, version) in [
            ("/objects/photos/1.jpg", "photos/1.jpg", None),
            ("/objects/photos%2F1.jpg?version=7", "photos/1.jpg", Version::new(7)),
            ("http://host/objects/a%20b+c", "a b+c", None),
            ("/objects/%C3%A9?other=1", "é", None),
        ] {
            let object = VersionResource::Object { path: path(key), version };
            assert_eq!(VersionResource::parse(target.as_bytes()), Ok(Some(object)), "{target}");
        }
        let versions = VersionResource::Versions { path: path("a") };
        assert_eq!(VersionResource::parse(b"/versions/a"), Ok(Some(versions)));
        for (target, all) in [("/locate/a", false), ("/locate/%61?all=1", true)] {
            let locate = VersionResource::Locate { path: path("a"), all };
            assert_eq!(VersionResource::parse(target.as_bytes()), Ok(Some(locate)), "{target}");
        }
        assert_eq!(VersionResource::parse(b"/cluster"), Ok(None));
    }

    #[test]
    fn a_listing_has_parameters() {
        let list = |target: &str| match VersionResource::parse(target.as_bytes()) {
            Ok(Some(VersionResource::List(query))) => (query.prefix, query.delimiter, query.after, query.limit),
            other => panic!("{target}: {other:?}"),
        };
        assert_eq!(list("/objects/"), (String::new(), None, None, MAX_PAGE));
        let (slash, after) = (Some("/".to_string()), Some("a b".to_string()));
        assert_eq!(list("/objects/?prefix=a%2F&delimiter=/&after=a+b&limit=5"), ("a/".to_string(), slash, after, 5));
    }

    #[test]
    fn buckets_are_told_of_and_set() {
        let objects = |retention| Ok(Some(VersionResource::Bucket { bucket: Bucket::objects(), retention }));
        for (target, resource) in [
            ("/buckets", Ok(Some(VersionResource::Buckets))),
            ("/buckets/", Ok(Some(VersionResource::Buckets))),
            ("/buckets/objects", objects(None)),
            ("/buckets/objects?old_versions=0", objects(Some(Retention::Old(0)))),
            ("http://host/buckets/objects?old_versions=unlimited", objects(Some(Retention::Unlimited))),
            ("/bucket", Ok(None)),
        ] {
            assert_eq!(VersionResource::parse(target.as_bytes()), resource, "{target}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for (target, error) in [
            ("/objects/a%2", VersionResourceError::Escape),
            ("/objects/%00", VersionResourceError::Key(KeyError::Nul { at: 0 })),
            ("/objects/a?version=0", VersionResourceError::Version(ParseVersionError)),
            ("/objects/?limit=0", VersionResourceError::Limit),
            ("/objects/?limit=x", VersionResourceError::Limit),
            ("/objects/?prefix=%FF", VersionResourceError::NotText { parameter: "prefix" }),
            ("/versions/", VersionResourceError::Key(KeyError::Empty)),
            ("/locate/", VersionResourceError::Key(KeyError::Empty)),
            ("/buckets/Objects", VersionResourceError::Bucket(BucketError::ForbiddenByte { at: 0 })),
            ("/buckets/objects/x", VersionResourceError::Bucket(BucketError::ForbiddenByte { at: 7 })),
            ("/buckets/objects?old_versions=", VersionResourceError::Retention(RetentionError)),
            ("/buckets/objects?old_versions=-1", VersionResourceError::Retention(RetentionError)),
            ("/buckets/objects?old_version=1", VersionResourceError::OldVersions),
            ("/buckets/objects?old_versions=1&old_versions=2", VersionResourceError::OldVersions),
        ] {
            assert_eq!(VersionResource::parse(target.as_bytes()), Err(error), "{target}");
        }
    }

    proptest! {
        #[test]
        fn any_key_can_be_written_as_a_target(key in "\\PC{1,20}") {
            let escaped: String = key.bytes().map(|byte| alloc::format!("%{byte:02X}")).collect();
            let target = alloc::format!("/objects/{escaped}");
            let object = VersionResource::Object { path: path(&key), version: None };
            prop_assert_eq!(VersionResource::parse(target.as_bytes()), Ok(Some(object)));
        }

        #[test]
        fn no_target_is_too_strange(target: alloc::vec::Vec<u8>) {
            let _understood_or_not = VersionResource::parse(&target);
        }
    }
}
