//! One request after the other, asked of a catalog and of the model: the answers are the same.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lode_core::catalog::model::Catalog as Model;
use lode_core::catalog::{CatalogAnswer, CatalogRequest, ObjectPath, Version};
use lode_core::time::WallTime;
use lode_smol::catalog::Catalog;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::requests::{all_that_is_there, sequence};
use super::traps;

/// Nothing that is committed here was written before.
const OUR_DAYS_MILLIS: u64 = 1_600_000_000_000;

/// Asks some sequences of requests that are known to be traps, and so many random ones, each of a catalog that has nothing
/// but the bucket `objects`. Of random ones it fails with the shortest that it can find.
///
/// # Panics
/// If an answer is another than the model's.
pub(crate) fn agree_with_the_model(cases: u32, new_and_empty: impl Fn() -> Box<dyn Catalog>) {
    let agree = |requests: Vec<CatalogRequest>| {
        let catalog = new_and_empty();
        let compared = Compared::with(&*catalog);
        requests.into_iter().chain(all_that_is_there()).try_for_each(|request| compared.ask(&request))
    };
    traps::all().into_iter().try_for_each(agree).unwrap_or_else(|error| panic!("{error}"));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let told = TestRunner::new(config).run(&sequence(), agree);
    told.unwrap_or_else(|error| panic!("{error}"));
}

/// A catalog beside the model.
struct Compared<'a> {
    catalog: &'a dyn Catalog,
    model: RefCell<Model>,
    written: RefCell<BTreeMap<ObjectPath, BTreeMap<Version, WallTime>>>,
}

impl<'a> Compared<'a> {
    fn with(catalog: &'a dyn Catalog) -> Self {
        Self { catalog, model: RefCell::new(Model::new()), written: RefCell::default() }
    }

    fn ask(&self, request: &CatalogRequest) -> Result<(), TestCaseError> {
        // Whatever has an end in the requests ends at once or never: the model's clock may stand.
        let expected = self.model.borrow_mut().answer(WallTime::EPOCH, request);
        let answer = smol::block_on(self.catalog.ask(request.clone()));
        let mut answer = answer.map_err(|failure| fail(request, &failure.to_string()))?;
        self.take_times(request, &mut answer)?;
        if answer == expected { Ok(()) } else { Err(fail(request, &format!("{answer:?}, and not {expected:?}"))) }
    }

    /// Replaces the times in the answer by the model's, which has none; and sees that they are sound.
    fn take_times(&self, request: &CatalogRequest, answer: &mut CatalogAnswer) -> Result<(), TestCaseError> {
        if let (CatalogRequest::Commit(commit), CatalogAnswer::Written(written)) = (request, &mut *answer) {
            let version = written.version;
            written.written.as_mut().map_or(Ok(()), |at| self.take_time(&commit.path, version, at))?;
        }
        if let (CatalogRequest::Read { path, .. }, CatalogAnswer::Found(Some(found))) = (request, &mut *answer) {
            self.take_time(path, found.record.version, &mut found.record.written)?;
        }
        if let (CatalogRequest::Versions { path, .. }, CatalogAnswer::Versions(records)) = (request, &mut *answer) {
            let mut of_path = records.iter_mut().map(|record| (record.version, &mut record.written));
            of_path.try_for_each(|(version, at)| self.take_time(path, version, at))?;
        }
        if let CatalogAnswer::Blobs(blobs) = answer {
            let mut records = blobs.iter_mut().map(|held| (&held.path, &mut held.record));
            records.try_for_each(|(path, record)| self.take_time(path, record.version, &mut record.written))?;
        }
        if let (CatalogRequest::List(query), CatalogAnswer::Listed(Some(page))) = (request, &mut *answer) {
            for listed in &mut page.objects {
                let path = ObjectPath { bucket: query.bucket.clone(), key: listed.key.clone() };
                self.take_time(&path, listed.version, &mut listed.written)?;
            }
        }
        Ok(())
    }

    /// A version was written once, not before those that come before it, and in our days. Only one that was restored keeps
    /// the time that it was restored with, and is held against the model's.
    fn take_time(&self, path: &ObjectPath, version: Version, at: &mut WallTime) -> Result<(), TestCaseError> {
        if (1..OUR_DAYS_MILLIS).contains(&at.as_millis()) {
            return Ok(());
        }
        let at = std::mem::replace(at, WallTime::EPOCH);
        let mut written = self.written.borrow_mut();
        let times = written.entry(path.clone()).or_default();
        let before = times.range(..version).next_back().map(|(_, time)| *time);
        let after = times.range(version..).next().map(|(_, time)| *time);
        let told_before = times.insert(version, at);
        let is_sound = at.as_millis() >= OUR_DAYS_MILLIS
            && told_before.is_none_or(|told| told == at)
            && before.is_none_or(|before| before <= at)
            && after.is_none_or(|after| at <= after);
        if is_sound { Ok(()) } else { Err(TestCaseError::fail(format!("{path} v{version} was written at {at:?}"))) }
    }
}

fn fail(request: &CatalogRequest, what: &str) -> TestCaseError {
    TestCaseError::fail(format!("{request:?} was answered by {what}"))
}
