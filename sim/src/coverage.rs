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
        Point::ALL.iter().copied().filter(|point| self.hits(*point) == 0)
    }
}

/// As a table: group, what, how often.
impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:<44} {:>14}", "group", "what", "hits")?;
        for point in Point::ALL {
            let hits = self.hits(*point);
            let never = if hits == 0 { "   NEVER HIT" } else { "" };
            writeln!(f, "{:<12} {:<44} {hits:>14}{never}", point.group(), point.name())?;
        }
        Ok(())
    }
}

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
    }
}
