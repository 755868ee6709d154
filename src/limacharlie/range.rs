//! A span of time as the API counts it: whole seconds, where documents hold milliseconds.

/// From the first second to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    from_s: i64,
    to_s: i64,
}

/// Later seconds are in truth milliseconds.
const LATEST_S: i64 = 10_000_000_000;

impl Range {
    /// A span in UTC seconds since 1970; nothing where it is upside down or in truth in milliseconds.
    pub fn seconds(from_s: i64, to_s: i64) -> Option<Self> {
        (0 <= from_s && from_s <= to_s && to_s < LATEST_S).then_some(Self { from_s, to_s })
    }

    /// The seconds that cover a span in UTC milliseconds.
    pub fn covering_ms(from_ms: i64, to_ms: i64) -> Option<Self> {
        Self::seconds(from_ms.div_euclid(1000), to_ms.saturating_add(999).div_euclid(1000))
    }

    /// The first second.
    pub const fn from_s(self) -> i64 {
        self.from_s
    }

    /// The last second.
    pub const fn to_s(self) -> i64 {
        self.to_s
    }
}
