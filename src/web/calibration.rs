//! Stated confidence against measured correctness of everybody who is set up, and whether a new version differs.
use super::App;
use super::auth::SignedIn;
use super::view::calibration::{self as view, Calibrations};
use super::view::measured::right_of;
use crate::domain::{MachineVerdict, stated};
use crate::error::Result;
use crate::jobs::panel::Seats;
use crate::store::measured::{self, Binned};
use crate::store::versions::{self, Version};
use crate::store::{Tx, runs, votes};
use crate::triage::calibration::{self, CASES_NEEDED, Calibration};
use crate::triage::measure::wrong;
use crate::voters::Voter;

/// The calibration of the panel as it is now, then of each voter.
pub async fn of(app: &App, me: &SignedIn, seats: &Seats) -> Result<Calibrations> {
    let mut tx = app.store.read().await?;
    let cells = measured::binned(&mut tx, me.scope()).await?;
    let mut found = Calibrations::default();
    let mut seated = Vec::new();
    for (voter, role) in seats.listed() {
        if role == "panel" {
            seated.push(voter.name());
        }
        let known = versions::of(&mut tx, voter.name()).await?;
        add(&mut found, (voter.as_ref(), role), &known, &cells);
    }
    let model = measured::panel_name(seats.rules.mode.as_str(), &seated);
    let now = Version { model, digest: String::new(), prompt_version: String::new(), since_ms: 0 };
    let mut panel = view::view("The panel", "", view::version(&now), &figures(measured::PANEL, &now, &cells).0);
    if !found.flags.is_empty() && !panel.lines.is_empty() {
        panel.told.push("A voter changed: in part this was measured of another model or prompt.".to_owned());
    }
    found.all.insert(0, panel);
    Ok(found)
}

/// A voter's figures, and what its newest version changed.
fn add(found: &mut Calibrations, (voter, role): (&dyn Voter, &'static str), known: &[Version], cells: &[Binned]) {
    let name = voter.name();
    let newest = known.first().filter(|version| version.model == voter.model());
    let unasked = || Version {
        model: voter.model().to_owned(),
        digest: String::new(),
        prompt_version: String::new(),
        since_ms: 0,
    };
    let now = newest.cloned().unwrap_or_else(unasked);
    let (since, declared) = figures(name, &now, cells);
    let mut shown = view::view(name, role, view::version(&now), &since);
    let older = || known.iter().filter(|version| !is_same(version, &now));
    let measured = older().map(|old| (old, figures(name, old, cells).0)).find(|(_, before)| before.cases > 0);
    let flagged = measured.as_ref().map(|(old, _)| *old).or_else(|| older().next());
    if let Some(old) = flagged.filter(|_| since.cases < CASES_NEEDED) {
        found.flags.push(view::flag(name, old, newest, &now, (declared, since.cases)));
    }
    shown.drift =
        measured.map(|(old, before)| view::drift((old, &before), (&now, &since), calibration::drift(&before, &since)));
    found.all.push(shown);
}

fn is_same(one: &Version, other: &Version) -> bool {
    (&one.model, &one.digest, &one.prompt_version) == (&other.model, &other.digest, &other.prompt_version)
}

/// The calibration of one version, and how many cases were declared of it, reviews among them.
fn figures(voter: &str, version: &Version, cells: &[Binned]) -> (Calibration, i64) {
    let of = |cell: &&Binned| {
        cell.voter == voter
            && (&cell.model, &cell.digest, &cell.prompt_version)
                == (&version.model, &version.digest, &version.prompt_version)
    };
    let own = || cells.iter().filter(of);
    let decided =
        own().filter_map(|cell| Some((cell.bin, !wrong(cell.vote, cell.declared)?, cell.cases, cell.stated_ppm)));
    (calibration::of(decided), own().map(|cell| cell.cases).sum())
}

/// For each voter of a run that decided, how often it was right where it was this sure, in words; nothing where too few
/// cases tell.
pub async fn of_run(
    tx: &mut Tx,
    org_id: i64,
    run: &runs::Run,
    stored: &[votes::Stored],
) -> Result<Vec<(String, String)>> {
    let cells = measured::of_votes(tx, org_id, run.id).await?;
    let decided = |vote: &&votes::Stored| {
        vote.run_id == run.id
            && matches!(vote.verdict, Some(MachineVerdict::TruePositive | MachineVerdict::FalsePositive))
    };
    let told = stored.iter().filter(decided).filter_map(|vote| {
        let confidence = vote.confidence?;
        let bin = stated::bin(stated::ppm(confidence));
        let such = cells.iter().filter(|cell| cell.0 == vote.id && cell.1 == bin);
        Some((vote.voter.clone(), view::such(confidence, right_of(such.map(|cell| (cell.2, cell.3, cell.4))))))
    });
    Ok(told.collect())
}
