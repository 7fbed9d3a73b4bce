//! Questions about many blobs at a time.
//!
//! | question  | waits for                  | then                                                              |
//! |-----------|----------------------------|-------------------------------------------------------------------|
//! | held      | [`DataInput::Checked`]     | tell which are held; those known to be damaged are not looked at  |
//! | inventory | [`DataInput::Listed`]      | tell what is held, but for what is known to be damaged            |
//! | full inventory | [`DataInput::Described`] | the same, with all that is known of it                         |

use alloc::vec::Vec;

use super::messages::{Checked, DataEffect, DataResponse, DescribedPage, DiskFailure};
use super::{DataServer, Work};
use crate::id::{OperationId, RequestId};
use crate::inventory::{CommittedBlob, InventoryPage, MAX_BLOBS_AT_A_TIME};
use crate::machine::Effects;
use crate::resource::data::InventoryQuery;
use crate::time::Instant;

impl DataServer {
    pub(super) fn asked_held(
        &mut self,
        request: RequestId,
        mut blobs: Vec<CommittedBlob>,
        effects: &mut Effects<DataEffect>,
    ) {
        assert!(blobs.len() <= MAX_BLOBS_AT_A_TIME, "a question is bounded where it is read");
        blobs.retain(|committed| !self.damaged.holds(committed.blob));
        let check = self.begin(request, Work::Checking);
        effects.push(DataEffect::Check { check, request, blobs });
    }

    pub(super) fn checked(
        &mut self,
        now: Instant,
        check: OperationId,
        outcome: Result<Checked, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Checking)) = self.take_waiting(check) else {
            return;
        };
        match outcome {
            Ok(Checked { mut held, damaged }) => {
                damaged.into_iter().for_each(|blob| self.found_damaged(Some(blob)));
                // Some may have been found damaged meanwhile by somebody who has read all of them.
                held.retain(|blob| !self.damaged.holds(*blob));
                effects.push(DataEffect::Respond { request, response: DataResponse::Held(held) });
            }
            Err(failure) => self.disk_failed(now, request, None, &failure, effects),
        }
    }

    pub(super) fn asked_inventory(
        &mut self,
        request: RequestId,
        query: InventoryQuery,
        effects: &mut Effects<DataEffect>,
    ) {
        let list = self.begin(request, Work::Listing);
        effects.push(DataEffect::List { list, request, query });
    }

    pub(super) fn listed(
        &mut self,
        now: Instant,
        list: OperationId,
        outcome: Result<InventoryPage, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Listing)) = self.take_waiting(list) else {
            return;
        };
        match outcome {
            Ok(mut page) => {
                page.blobs.retain(|entry| !self.damaged.holds(entry.blob));
                effects.push(DataEffect::Respond { request, response: DataResponse::Inventory(page) });
            }
            Err(failure) => self.disk_failed(now, request, None, &failure, effects),
        }
    }

    pub(super) fn asked_full_inventory(
        &mut self,
        request: RequestId,
        query: InventoryQuery,
        effects: &mut Effects<DataEffect>,
    ) {
        let describe = self.begin(request, Work::Describing);
        effects.push(DataEffect::Describe { describe, request, query });
    }

    pub(super) fn described(
        &mut self,
        now: Instant,
        describe: OperationId,
        outcome: Result<DescribedPage, DiskFailure>,
        effects: &mut Effects<DataEffect>,
    ) {
        let Some((request, Work::Describing)) = self.take_waiting(describe) else {
            return;
        };
        match outcome {
            Ok(DescribedPage { mut page, damaged }) => {
                damaged.into_iter().for_each(|blob| self.found_damaged(Some(blob)));
                page.blobs.retain(|entry| !self.damaged.holds(entry.blob));
                effects.push(DataEffect::Respond { request, response: DataResponse::FullInventory(page) });
            }
            Err(failure) => self.disk_failed(now, request, None, &failure, effects),
        }
    }
}
