//! What the case page is made of, as the store has it.
use crate::store::cases::Case;
use crate::store::reuse::Source;
use crate::store::runs::Run;
use crate::store::{
    actions, detections, evidence as gathered, fingerprints, intel, notes, observables, rules, sensors, techniques,
    timeline as entries, users, votes,
};
use crate::web::view::work::WorkData;

/// Everything of a case that its page shows, as the store has it.
pub struct CaseData {
    /// The case.
    pub case: Case,
    /// What its organisation set of the policy.
    pub own: crate::store::policies::Own,
    /// Its rule.
    pub rule: rules::Rule,
    /// Its sensor.
    pub sensor: sensors::Sensor,
    /// Its newest detections.
    pub detections: Vec<detections::Stored>,
    /// Older ones, for the tree.
    pub older: Vec<detections::Stored>,
    /// Its runs, newest first.
    pub runs: Vec<Run>,
    /// The votes of all runs.
    pub votes: Vec<votes::Stored>,
    /// Where runs took their votes from.
    pub sources: Vec<Source>,
    /// Its observables.
    pub observables: Vec<observables::InCase>,
    /// Its techniques.
    pub techniques: Vec<techniques::InCase>,
    /// Answers of providers.
    pub intel: Vec<intel::Answer>,
    /// Actions.
    pub actions: Vec<actions::Action>,
    /// What was tried for them: the action, when, what.
    pub attempts: Vec<(i64, i64, String)>,
    /// What other systems said.
    pub gathered: Vec<gathered::Stored>,
    /// Tasks, templates that fit, tags in use.
    pub work: WorkData,
    /// Notes.
    pub notes: Vec<notes::Note>,
    /// The timeline, newest first.
    pub timeline: Vec<entries::Entry>,
    /// Who can take it.
    pub assignable: Vec<users::User>,
    /// Exclusions in force that hide detections of it, though it is a true positive: id, name, case.
    pub hidden_by: Vec<(i64, String, i64)>,
    /// What our own store knows around it; nothing where no detection of it can be read.
    pub local: Option<crate::domain::local::Local>,
    /// How analysts decided the behaviour, this case included.
    pub precedents: crate::domain::dossier::Precedents,
    /// How right the panel of the shown run and its voters were before.
    pub measured: crate::web::measured::OfRun,
    /// How common it is.
    pub prevalence: crate::domain::dossier::Prevalence,
    /// Cases with it on other hosts.
    pub elsewhere: Vec<fingerprints::Elsewhere>,
}
