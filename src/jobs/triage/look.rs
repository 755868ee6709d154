//! Flags and vetoes of a report that was counted elsewhere.
use crate::config::Policy;
use crate::domain::{Claim, Dossier, Report, Vote, Weights};
use crate::store::{policies::Own, runs::Flag, votes};
use crate::triage::injection::{self, Finding};
use crate::triage::{claims, flags, policy, vote};

/// What was found in a report.
pub(crate) struct Looked {
    /// What argues against it.
    pub flags: Vec<Flag>,
    /// What would keep the machine from acting on it.
    pub vetoes: Vec<Flag>,
    /// What its voters state.
    pub claims: Vec<Claim>,
}

/// What argues against a recorded report, and what would keep the machine from acting on it; `own` is what its
/// organisation set.
pub(crate) fn look(dossier: &Dossier, report: &Report, stored: &[votes::Stored], own: &Own) -> Looked {
    let settings = Policy::default().of(own);
    let panel: Vec<Vote> = stored.iter().map(votes::Stored::vote).collect();
    let rules = vote::Panel { mode: vote::Mode::Unanimous, quorum: 0 };
    let stated = super::claimed::of(dossier, stored, true);
    let count =
        vote::count(rules, &claims::counted(&panel, &stated), &Weights::default(), dossier.detection.rule_severity());
    let mut vetoes = policy::vetoes(dossier, &count, report.severity, false, settings.vetoes());
    vetoes.extend(policy::claims(&stated));
    vetoes.extend(policy::builtin(dossier, &panel));
    let said = flags::Said { panel: &panel, advisers: &[], claims: &stated };
    let mut flags = flags::of(dossier, report, said, &settings.veto_tags);
    suspect(&injection::of(dossier), &mut flags, &mut vetoes);
    Looked { flags: named(flags), vetoes: named(vetoes), claims: stated }
}

/// Texts that try to steer come before everything else.
pub(super) fn suspect(found: &[Finding], flags: &mut Vec<policy::Named>, vetoes: &mut Vec<policy::Named>) {
    if let Some((flag, veto)) = injection::named(found) {
        flags.insert(0, flag);
        vetoes.insert(0, veto);
    }
}

/// Named findings as they are stored.
pub(super) fn named(list: Vec<policy::Named>) -> Vec<Flag> {
    list.into_iter().map(|(kind, text)| Flag { kind: kind.to_owned(), text }).collect()
}
