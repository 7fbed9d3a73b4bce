//! How much went over the bus and over HTTP in a run.

/// The messages of all kinds, and the exchanges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By which data servers say that they live.
    pub heartbeats: Flow,
    /// By which an API server asks to hear all data servers at once.
    pub hellos: Flow,
    /// By which an API server asks who has an object.
    pub queries: Flow,
    /// By which data servers answer.
    pub answers: Flow,
    /// Requests over HTTP, of clients and between servers.
    pub http_exchanges: u64,
}

/// Messages of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// How many were published.
    pub published: u64,
    /// How many came out of a queue: one that is published goes to all who listen.
    pub delivered: u64,
}
