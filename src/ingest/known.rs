//! What the store knows of a batch's detections, asked once for all: which are stored already, whose
//! behaviour the organisation has seen, whose processes it has seen. What nobody has seen needs no
//! look-up of its own.
use super::joining::atoms;
use crate::domain::Detection;
use crate::store::{Result, Tx, detections, fingerprints, locks, sensors};
use std::collections::{HashMap, HashSet};

/// What is known; what the batch itself adds must be added as it comes.
#[derive(Debug, Default)]
pub(super) struct Known {
    asked: HashMap<(i64, String), String>,
    ids: HashSet<(i64, String)>,
    behaviours: HashSet<(i64, String)>,
    atoms: HashSet<String>,
}

impl Known {
    /// Asks about detections, each with its organisation and fingerprint.
    pub(super) async fn ask(&mut self, tx: &mut Tx, all: &[(i64, &Detection, &str)]) -> Result<()> {
        locks::hosts(tx, all.iter().map(|(org_id, detection, _)| (*org_id, sensors::sid(detection)))).await?;
        let ids: Vec<_> = all.iter().map(|(org_id, detection, _)| (*org_id, detection.detect_id.as_str())).collect();
        self.ids.extend(detections::known(tx, &ids).await?);
        let pairs: Vec<_> = all.iter().map(|(org_id, _, fingerprint)| (*org_id, *fingerprint)).collect();
        self.behaviours.extend(fingerprints::known(tx, &pairs).await?);
        let processes: Vec<_> = all.iter().flat_map(|(_, detection, _)| atoms(detection)).collect();
        self.atoms.extend(crate::store::atoms::known(tx, &processes).await?);
        for (org_id, detection, fingerprint) in all {
            // Of two with one id the first is stored, so its fingerprint counts.
            let key = (*org_id, detection.detect_id.clone());
            self.asked.entry(key).or_insert_with(|| (*fingerprint).to_owned());
        }
        Ok(())
    }

    /// The fingerprint of a detection, where it was asked about.
    pub(super) fn fingerprint(&self, org_id: i64, detection: &Detection) -> Option<&String> {
        self.asked.get(&(org_id, detection.detect_id.clone()))
    }

    /// Whether the detection may be stored already.
    pub(super) fn may_be_stored(&self, org_id: i64, detection: &Detection) -> bool {
        let key = (org_id, detection.detect_id.clone());
        !self.asked.contains_key(&key) || self.ids.contains(&key)
    }

    /// Whether the organisation may have seen the behaviour.
    pub(super) fn may_have_seen(&self, org_id: i64, detection: &Detection, fingerprint: &str) -> bool {
        self.fingerprint(org_id, detection).is_none() || self.behaviours.contains(&(org_id, fingerprint.to_owned()))
    }

    /// Whether one of the detection's processes may be known.
    pub(super) fn may_be_linked(&self, org_id: i64, detection: &Detection, atoms: &[&str]) -> bool {
        !atoms.is_empty()
            && (self.fingerprint(org_id, detection).is_none() || atoms.iter().any(|atom| self.atoms.contains(*atom)))
    }

    /// Takes note of a detection that is stored now.
    pub(super) fn add(&mut self, org_id: i64, detection: &Detection, fingerprint: &str) {
        if self.asked.is_empty() {
            return;
        }
        self.ids.insert((org_id, detection.detect_id.clone()));
        self.behaviours.insert((org_id, fingerprint.to_owned()));
        self.atoms.extend(atoms(detection).into_iter().map(str::to_owned));
    }
}
