//! What a swarm has touched: how often each fault, effect, outcome and marked branch was hit. One that is never hit in ten
//! thousand seeds means that the workload does not try what it should.

use std::fmt;

/// How often each [`Point`] was hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    hits: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { hits: vec![0; Point::ALL.len()] }
    }
}

impl Coverage {
    /// The point was hit.
    pub fn hit(&mut self, point: Point) {
        if let Some(hits) = self.hits.get_mut(point as usize) {
            *hits += 1;
        }
    }

    /// A checker has judged so many things, and found so many too tangled to be judged.
    pub fn judged(&mut self, checker: &str, judged: u64, undecided: u64) {
        let point = Point::ALL.iter().find(|point| point.group() == "checked" && point.name() == checker);
        for (point, count) in [(point.copied(), judged), (Some(Point::Undecided), undecided)] {
            if let Some(hits) = point.and_then(|point| self.hits.get_mut(point as usize)) {
                *hits += count;
            }
        }
    }

    /// How often the point was hit.
    #[must_use]
    pub fn hits(&self, point: Point) -> u64 {
        self.hits.get(point as usize).copied().unwrap_or(0)
    }

    /// Adds what another run has touched.
    pub fn add(&mut self, other: &Self) {
        for (mine, others) in self.hits.iter_mut().zip(&other.hits) {
            *mine += others;
        }
    }

    /// The points that were never hit.
    pub fn missed(&self) -> impl Iterator<Item = Point> + '_ {
        // It is no fault of a workload if everything could be judged.
        let wanted = Point::ALL.iter().copied().filter(|point| *point != Point::Undecided);
        wanted.filter(|point| self.hits(*point) == 0)
    }
}

/// As a table: group, what, how often.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:<44} {:>14}", "group", "what", "hits")?;
        for point in Point::ALL {
            let hits = self.hits(*point);
            let never = if hits == 0 && *point != Point::Undecided { "   NEVER HIT" } else { "" };
            writeln!(f, "{:<12} {:<44} {hits:>14}{never}", point.group(), point.name())?;
        }
        Ok(())
    }
}

/// Counts which points there are.
macro_rules! points {
    ($($group:literal: { $($point:ident = $name:literal,)* })*) => {
        /// Something that can be hit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each says by its own name what it is")]
        pub enum Point { $($($point,)*)* }

        impl Point {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$point,)*)*];

            /// What kind of thing it is.
            #[must_use]
            pub const fn group(self) -> &'static str {
                match self { $($(Self::$point => $group,)*)* }
            }

            /// What it is.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$point => $name,)*)* }
            }
        }
    };
}

points! {
    "fault": {
        FaultBusLoss = "bus message lost",
        FaultBusDelay = "bus message held up",
        FaultBusDuplicate = "bus message doubled",
        FaultBusMalformed = "bus message mangled",
        FaultBusBlocked = "bus message held back by a cut link",
        FaultLateBinding = "queue bound late",
        FaultQueueLost = "queue lost",
        FaultBrokerDown = "broker down",
        FaultBrokerHangs = "broker hangs",
        FaultBusCut = "bus connection cut",
        FaultPartition = "partition",
        FaultOneWay = "one-way partition",
        FaultIsolated = "node isolated",
        FaultLinkBlocked = "exchange held back by a cut link",
        FaultRefused = "connection refused",
        FaultReset = "exchange reset",
        FaultStall = "exchange stalled",
        FaultBodyBroken = "body of an answer broken off",
        FaultAnswerLost = "answer lost",
        FaultSlowLink = "slow link",
        FaultDiskWrite = "writing failed",
        FaultDiskSync = "syncing failed",
        FaultDiskRead = "reading failed",
        FaultDiskFull = "disk full",
        FaultShortWrite = "short write",
        FaultSlowDisk = "slow disk",
        FaultBitRot = "bit rot",
        FaultTornWrite = "torn write",
        FaultRenameLost = "unsynced rename lost",
        FaultKill = "process killed",
        FaultKillBetweenEffects = "process killed between two effects",
        FaultPowerLoss = "power lost",
        FaultBlankDisk = "blank disk",
        FaultPause = "process paused",
        FaultStartsLate = "process started late",
        FaultSharedAddress = "exchange with a shared address",
        FaultClockDrift = "clock drifts",
        FaultClockPause = "clock stands still",
        FaultWallClockStep = "wall clock stepped",
        FaultCatalogDown = "catalog refused",
        FaultCatalogOutOfReach = "catalog out of reach",
        FaultCatalogGivenUp = "catalog given up",
        FaultCatalogAnswerLost = "catalog broke off: done",
        FaultCatalogDoneLate = "catalog broke off: done later",
        FaultCatalogNeverDone = "catalog broke off: never done",
        FaultCatalogFailover = "catalog failed over",
        FaultSlowCatalog = "slow catalog",
    }
    "world": {
        PrivateRoute = "query with a reply queue of its own",
        ReplyQueueGone = "answer to a reply queue that is gone",
        BusGivenUp = "bus given up because it is silent",
        BodyHeld = "body held whole before it is sent",
        StreamedBodyFault = "body broken while it is passed on",
        RelayBroken = "data server broke off a relay",
        ClientLeftRelay = "client left during a relay",
        RequestGone = "asker gone, noticed at once",
        RottenRefused = "rotten blob refused",
        RottenBrokenOff = "rotten blob broken off",
        ClientHungUp = "client hung up",
        SeedAnswered = "a node of the seed answered a query",
        SeedPanicked = "a node of the seed panicked",
        AnswerHeldBack = "answer held back until a body is passed on",
        RelayGoesOn = "body goes on from another copy",
        VersionBrokenOff = "answer broken off, as nobody has the rest",
    }
    "api input": {
        ApiDeadline = "deadline reached",
        ApiBusUp = "bus up",
        ApiBusDown = "bus down",
        ApiHeartbeat = "heartbeat",
        ApiAnswerShared = "answer on the shared queue",
        ApiAnswerPrivate = "answer on a private queue",
        ApiPut = "PUT",
        ApiGet = "GET or HEAD",
        ApiDelete = "DELETE",
        ApiLocate = "locate",
        ApiRequestGone = "client gone",
        ApiAskedHeld = "asked directly: held",
        ApiAskedNotHeld = "asked directly: not held",
        ApiAskFailed = "asked directly: failed",
        ApiUploadStored = "upload stored",
        ApiUploadFailedResendable = "upload failed, body held",
        ApiUploadFailedGone = "upload failed, body gone",
        ApiUploadBodyFault = "upload failed, client's body",
        ApiFetchedWhole = "fetched the whole",
        ApiFetchedPart = "fetched a part",
        ApiFetchedUnsatisfiable = "fetched: no such part",
        ApiFetchedMissing = "fetched: missing",
        ApiFetchFailed = "fetch failed",
        ApiRelayed = "relayed",
        ApiRelayFailedClient = "relay failed: client",
        ApiRelayFailedServer = "relay failed: server",
        ApiRemoved = "copy removed",
        ApiRemovedNotHeld = "copy was not held",
        ApiRemovedCannot = "copy cannot be removed",
        ApiRemoveFailed = "copy not removed",
        VersionPut = "PUT of a version",
        VersionGet = "GET or HEAD of a version",
        VersionDelete = "DELETE by a tombstone",
        VersionRemove = "DELETE of a version",
        VersionAsk = "versions or listing",
        VersionRelayed = "a version relayed",
        VersionRelayFailedClient = "relay of a version failed: client",
        VersionRelayFailedServer = "relay of a version failed: server",
        CatalogWritten = "catalog: written",
        CatalogPreconditionFailed = "catalog: precondition failed",
        CatalogNothingToDelete = "catalog: nothing to delete",
        CatalogRemoved = "catalog: version removed",
        CatalogRemovedNothing = "catalog: no such version",
        CatalogFound = "catalog: found",
        CatalogFoundNone = "catalog: found none",
        CatalogVersions = "catalog: versions",
        CatalogListed = "catalog: listed",
        CatalogSettledKept = "catalog: settled, written",
        CatalogSettledCondemned = "catalog: settled, condemned",
        CatalogDone = "catalog: noted, or too late",
        CatalogUnavailable = "catalog: unavailable",
        CatalogUnknown = "catalog: outcome unknown",
    }
    "api effect": {
        ApiHello = "hello",
        ApiQueryShared = "query, shared queue",
        ApiQueryPrivate = "query, private queue",
        ApiCloseRoute = "close the private queue",
        ApiAskDirectly = "ask directly",
        ApiUpload = "upload",
        ApiFetch = "fetch",
        ApiRelayAll = "relay the body",
        ApiRelayCut = "relay a part of the body",
        ApiRelayNone = "relay the head",
        ApiRemove = "remove a copy",
        ApiRespond = "respond",
        VersionAsksCatalog = "ask the catalog",
        VersionSettles = "settle",
        VersionNotesHolders = "note holders",
        VersionUploadsCopies = "upload copies",
        VersionStoresTombstone = "tombstone stored on data servers",
        VersionFetches = "fetch from a copy",
        VersionRelays = "relay a version",
        VersionRelaysTheRest = "relay the rest from another copy",
        VersionBreaksOff = "break off",
    }
    "data input": {
        DataDeadline = "deadline reached",
        DataBusUp = "bus up",
        DataBusDown = "bus down",
        DataQuery = "query",
        DataPut = "PUT",
        DataGet = "GET or HEAD",
        DataDelete = "DELETE",
        DataRequestGone = "asker gone",
        DataLookedUpHeld = "looked up: held",
        DataLookedUpNotHeld = "looked up: not held",
        DataLookUpFailed = "look up failed",
        DataReceived = "received",
        DataReceiveFailedBody = "not received: body",
        DataReceiveFailedDisk = "not received: disk",
        DataCommitted = "committed",
        DataCommitFailed = "commit failed",
        DataOpened = "opened",
        DataOpenedNothing = "opened: not there",
        DataOpenFailed = "open failed",
        DataSent = "sent",
        DataSendFailedClient = "send failed: asker",
        DataSendFailedDisk = "send failed: disk",
        DataRemoved = "removed",
        DataRemovedNothing = "removed: not there",
        DataRemoveFailed = "remove failed",
        DataMeasured = "space measured",
        DataMeasureFailed = "space not measured",
    }
    "data effect": {
        DataHeartbeat = "heartbeat",
        DataAnswerHeld = "answer: held",
        DataAnswerNotHeld = "answer: not held",
        DataLookUp = "look up",
        DataReceive = "receive",
        DataCommit = "commit",
        DataDiscard = "discard",
        DataOpen = "open",
        DataSend = "send",
        DataRemove = "remove",
        DataMeasure = "measure space",
        DataRespond = "respond",
    }
    "outcome": {
        OutcomeStored = "200 stored",
        OutcomeRemoved = "204 removed",
        OutcomeBody = "200 or 206 with a body",
        OutcomeDescribed = "200 to HEAD",
        OutcomeCutBody = "a body cut off",
        OutcomeMissing = "404",
        OutcomeUnsatisfiable = "416",
        OutcomeLocated = "located",
        OutcomeUnknown = "nothing known",
        OutcomeHungUp = "hung up",
        OutcomeBusy = "503 busy",
        OutcomeNoDataServer = "503 no data server",
        OutcomeUnanswered = "503 unanswered",
        OutcomeNotStored = "503 not stored",
        OutcomeNoSpace = "507 no space",
        OutcomeNotRemoved = "503 not removed",
        OutcomeCannotDelete = "501 cannot delete",
        OutcomeBrokenBody = "400 broken body",
        OutcomeDigestMismatch = "400 digest mismatch",
        OutcomeDiskFailed = "503 disk failed",
        OutcomeCorrupt = "503 corrupt",
        OutcomeVersions = "200 versions",
        OutcomeListed = "200 a page of a listing",
        OutcomePreconditionFailed = "412",
        OutcomeCatalogUnavailable = "503 catalog unavailable",
        OutcomeOutcomeUnknown = "503 outcome unknown",
        OutcomeNoCopy = "503 no copy",
    }
    "checked": {
        CheckedCoherentHistory = "coherent_history",
        CheckedAnswersFit = "answers_fit",
        CheckedWholeBodies = "whole_bodies",
        CheckedRefusedBodies = "refused_bodies",
        CheckedSeenWasHeld = "seen_was_held",
        CheckedHeldWasPut = "held_was_put",
        CheckedAcknowledgedIsHeld = "acknowledged_is_held",
        CheckedKeptUntilTheEnd = "kept_until_the_end",
        CheckedNoFalseMissing = "no_false_missing",
        CheckedLocatedHolders = "located_holders",
        CheckedNoHolderForgotten = "no_holder_forgotten",
        CheckedRemovedIsGone = "removed_is_gone",
        CheckedHonestRefusals = "honest_refusals",
        CheckedLinearizable = "linearizable",
        CheckedMembershipConverges = "membership_converges",
        CheckedCalmEnd = "calm_end",
        CheckedVersionOrder = "version_order",
        CheckedListingPages = "listing_pages",
        CheckedHonestWrites = "honest_writes",
        CheckedCopiesAreKept = "copies_are_kept",
        CheckedCalmVersions = "calm_versions",
        CheckedFinalRead = "a name was read when all was calm",
        CheckedConvergence = "who lives was compared when all was calm",
    }
    "undecided": {
        Undecided = "a history too tangled to be judged",
    }
}
