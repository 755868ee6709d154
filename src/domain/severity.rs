//! How bad it would be if it were true, from informational to critical.
use super::words::words;

words! {
    /// Severity, ordered from least to most.
    Severity ("severity") {
        /// Worth knowing.
        Informational = "informational", "Informational";
        /// Low.
        Low = "low", "Low";
        /// Medium.
        Medium = "medium", "Medium";
        /// High.
        High = "high", "High";
        /// Critical.
        Critical = "critical", "Critical";
    }
}

impl Severity {
    /// From LimaCharlie's `priority` 0–10: critical 8–10, high 5–7, medium 3–4, low 0–2.
    pub const fn from_priority(priority: i64) -> Self {
        match priority {
            8.. => Self::Critical,
            5..=7 => Self::High,
            3..=4 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// How many of the four signal bars are lit.
    pub const fn bars(self) -> u8 {
        match self {
            Self::Informational => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }
}
