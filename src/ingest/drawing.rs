//! Which new cases people review blind: drawn when they open, before anybody votes.
use super::accept::Facts;
use super::gathered::Gathered;
use crate::config::Policy;
use crate::domain::gate::family;
use crate::domain::{Blind, GateLevel, GateState};
use crate::store::gates::{self, Gate};
use crate::store::policies::{self, Own};
use crate::store::{Result, Tx, cases, draws};
use crate::triage::gate as rules;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The name of the draw.
const DRAW: &str = "review";

/// What a batch draws by, read once.
#[derive(Debug, Default)]
pub(super) struct Lots {
    /// The policy of the settings; nothing where no case is drawn.
    usual: Option<Policy>,
    key: Option<String>,
    /// By organisation: what it set itself, and its active gates.
    orgs: HashMap<i64, (Own, Vec<Gate>)>,
    /// By gate: how many cases were eligible lately.
    eligible: HashMap<i64, i64>,
}

impl Lots {
    /// Draws by the policy of the settings, and by what organisations set otherwise.
    pub(super) fn by(policy: &Policy) -> Self {
        Self { usual: Some(policy.clone()), ..Self::default() }
    }
}

/// The share by which a new case is drawn: what the policy says, and no less than the active gates of its rule need to
/// be proven anew. From the severity on that only people decide, none is drawn.
pub(super) async fn share(tx: &mut Tx, gathered: &mut Gathered, facts: &Facts<'_>) -> Result<f64> {
    let delivery = &facts.delivery;
    let lots = &mut gathered.lots;
    let (Some(usual), Some(_)) = (&lots.usual, delivery.triage_at_ms) else { return Ok(0.0) };
    let (own, active) = match lots.orgs.entry(delivery.org_id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let own = policies::of_org(tx, delivery.org_id).await?;
            let mut active = gates::standing(tx, delivery.org_id).await?;
            active.retain(|gate| gate.state == GateState::Active);
            new.insert((own, active))
        }
    };
    let policy = usual.of(own);
    if facts.severity() >= policy.veto_severity {
        return Ok(0.0);
    }
    if policy.blind_first {
        return Ok(1.0);
    }
    let path = &delivery.detection.rule.path;
    let mut share = rules::share(policy.review_share, None);
    let first = rules::day(delivery.received_ms) - rules::QUOTA_DAYS + 1;
    for gate in active.iter().filter(|gate| is_of(gate, path)) {
        let eligible = match lots.eligible.get(&gate.id) {
            Some(known) => *known,
            None => gates::eligible_since(tx, gate, first).await?,
        };
        lots.eligible.insert(gate.id, eligible);
        let needed = rules::needed(gate.limit, rules::spent(1));
        let quota = (needed, eligible, gate.first_ms, delivery.received_ms);
        share = share.max(rules::share(policy.review_share, Some(quota)));
    }
    Ok(share)
}

fn is_of(gate: &Gate, path: &str) -> bool {
    match gate.level {
        GateLevel::Rule => gate.key == path,
        GateLevel::Family => family(path) == Some(gate.key.as_str()),
        GateLevel::Org => true,
    }
}

/// Draws a case that was just opened; `true` where it is in blind review now.
pub(super) async fn draw(tx: &mut Tx, gathered: &mut Gathered, case: i64, share: f64) -> Result<bool> {
    if share <= 0.0 {
        return Ok(false);
    }
    let key = match gathered.lots.key.take() {
        Some(key) => key,
        None => draws::key(tx, DRAW).await?,
    };
    let drawn = rules::drawn(&key, case, share);
    gathered.lots.key = Some(key);
    if drawn {
        cases::set_blind(tx, case, Blind::Waiting).await?;
    }
    Ok(drawn)
}
