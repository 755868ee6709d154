//! Who has which case open, as the open streams of this process tell. It lives with the streams and is not stored:
//! to look is not to change anything.
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast;

/// Comings and goings that wait to be told to one stream; one that falls behind further is told none of them.
const WAITING: usize = 64;

/// The people at each case.
#[derive(Clone)]
pub struct Present(Arc<Room>);

struct Room {
    /// By case: names, each with how many pages it has open.
    at: Mutex<HashMap<i64, BTreeMap<String, usize>>>,
    /// The case to which somebody came or from which somebody went.
    moves: broadcast::Sender<i64>,
}

impl Default for Present {
    fn default() -> Self {
        let (moves, _) = broadcast::channel(WAITING);
        Self(Arc::new(Room { at: Mutex::default(), moves }))
    }
}

/// Somebody at a case; gone when dropped.
pub struct Here {
    present: Present,
    case: i64,
    name: String,
}

impl Present {
    /// Notes that somebody looks at a case.
    pub fn come(&self, case: i64, name: &str) -> Here {
        let mut first = false;
        if let Ok(mut at) = self.0.at.lock() {
            let pages = at.entry(case).or_default().entry(name.to_owned()).or_insert(0);
            *pages += 1;
            first = *pages == 1;
        }
        if first {
            self.moved(case);
        }
        Here { present: self.clone(), case, name: name.to_owned() }
    }

    /// Who else looks at a case, by name.
    pub fn others(&self, case: i64, than: &str) -> Vec<String> {
        let Ok(at) = self.0.at.lock() else { return Vec::new() };
        let names = at.get(&case).into_iter().flat_map(BTreeMap::keys);
        names.filter(|name| *name != than).cloned().collect()
    }

    /// Tells of each coming and going from now on.
    pub fn moves(&self) -> broadcast::Receiver<i64> {
        self.0.moves.subscribe()
    }

    fn moved(&self, case: i64) {
        // Nobody may be listening.
        let _ = self.0.moves.send(case);
    }
}

impl Here {
    /// The case.
    pub const fn case(&self) -> i64 {
        self.case
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let mut last = false;
        if let Ok(mut at) = self.present.0.at.lock()
            && let Some(names) = at.get_mut(&self.case)
        {
            if let Some(pages) = names.get_mut(&self.name) {
                *pages -= 1;
                last = *pages == 0;
            }
            names.retain(|_, pages| *pages > 0);
            if names.is_empty() {
                at.remove(&self.case);
            }
        }
        if last {
            self.present.moved(self.case);
        }
    }
}
