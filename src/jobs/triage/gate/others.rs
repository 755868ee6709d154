//! What is known by now of the behaviours that earlier runs of a case were about: only the one that was just voted on
//! was held against it, and another case of theirs may have turned out to be an attack since.
use super::super::super::JobError;
use super::super::dossier::{high_on_host, intel_of};
use super::super::local::without_case;
use super::Under;
use crate::domain::Detection;
use crate::domain::dossier::{Dossier, Prevalence};
use crate::store::Tx;
use crate::store::cases::Case;
use crate::store::gates::{Earlier, earlier};
use crate::triage::gate::Ineligible;
use crate::triage::policy;
use std::collections::BTreeMap;

/// What speaks by now against another behaviour of a case than that of the run which just ended.
pub(super) async fn against(
    tx: &mut Tx,
    (case, run): (&Case, i64),
    under: Under<'_>,
) -> Result<Option<Ineligible>, JobError> {
    let all = earlier(tx, case.number, run).await?;
    if all.is_empty() {
        return Ok(None);
    }
    let intel = intel_of(tx, case.number).await?;
    let mut hosts = BTreeMap::new();
    for one in all {
        let high = match hosts.get(&one.sensor_id) {
            Some(high) => *high,
            None => high_on_host(tx, one.sensor_id, case.number).await?,
        };
        hosts.insert(one.sensor_id, high);
        let Some(detection) = read(&one) else {
            let text = "The event of a behaviour that was voted on before was removed, so it can't be looked at again.";
            return Ok(Some(Ineligible::No(text.to_owned())));
        };
        let severity = one.severity.unwrap_or_else(|| detection.rule_severity());
        let known = Dossier {
            detection,
            observables: Vec::new(),
            precedents: without_case(one.precedents(), case),
            // It is in this case at least; in how many more changes nothing.
            prevalence: Prevalence { cases: 1, other_hosts: 0, high_on_host: high },
            intel: intel.clone(),
            evidence: Vec::new(),
            local: None,
        };
        if let Some((_, text)) = policy::known(&known, severity, under.policy.vetoes()).into_iter().next() {
            return Ok(Some(Ineligible::No(text)));
        }
    }
    Ok(None)
}

fn read(one: &Earlier) -> Option<Detection> {
    Detection::read(&serde_json::from_str(&one.raw).ok()?).ok()
}
