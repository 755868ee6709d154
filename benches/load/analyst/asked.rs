//! What is to be played, and the lines of a stream.
use super::Alone;

/// What is to be played, and how.
pub struct Asked {
    /// The stream's file.
    pub file: String,
    /// So many lines of it.
    pub count: usize,
    /// Hours between two looks at the queue.
    pub hours: i64,
    /// Whether the analyst says what a case was; otherwise it is closed without a verdict, and nothing is learnt.
    pub declares: bool,
    /// Parts of the stream's rules; each is voted on by a model that was trained on the others. 0 for the one that ships.
    pub folds: usize,
    /// Whether a planted panel votes, which knows the labels and errs by chance.
    pub planted: bool,
    /// How far the machine may go; without it nothing closes alone.
    pub alone: Option<Alone>,
}

/// A line of the stream.
pub struct Line {
    /// When it arrives.
    pub arrival_ms: i64,
    /// The organisation's id at LimaCharlie.
    pub oid: String,
    /// The benchmark's line that it was made of.
    pub source: String,
    /// Whether it is a true positive.
    pub positive: bool,
    /// The document.
    pub detection: String,
}

impl Asked {
    /// It in words.
    pub fn words(&self) -> String {
        let what =
            if self.declares { "declares each case by its labels" } else { "closes each case without a verdict" };
        let alone = self.alone.map_or(String::new(), |alone| {
            let which = if alone.back_off { "every proposed gate" } else { "proposed gates of rules" };
            format!("; at a limit of {:.0} % the lead switches on {which}", 100.0 * alone.limit)
        });
        let whose = match self.folds {
            _ if self.planted => "no say: a planted panel votes".to_owned(),
            0 if self.declares => "the weights that ship and learns from what is declared".to_owned(),
            0 => "the weights that ship".to_owned(),
            folds => {
                format!(
                    "weights trained without the event's rule ({folds} parts of the stream's lines), and learns nothing"
                )
            }
        };
        format!("the analyst looks every {} h and {what}; builtin:statistical has {whose}{alone}", self.hours)
    }
}

/// Reads a line.
pub fn line(value: &serde_json::Value) -> Line {
    let text = |at: &str| value.pointer(at).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    Line {
        arrival_ms: value["arrival_ms"].as_i64().unwrap(),
        oid: text("/detection/routing/oid"),
        source: text("/source_id"),
        positive: text("/label") == "true_positive",
        detection: value["detection"].to_string(),
    }
}
