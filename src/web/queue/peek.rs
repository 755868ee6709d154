//! The preview of the current row.
use super::asks::{Ask, asks};
use crate::domain::Detection;
use crate::error::Result;
use crate::review::{self, sight};
use crate::store::cases::Case;
use crate::store::queue::Row;
use crate::store::runs::RunState;
use crate::store::{Tx, detections, votes};
use crate::web::view::listing::Listing;
use crate::web::view::row::{RowView, cluster, row};
use crate::web::view::text::visible;
use crate::web::view::work::{WorkData, WorkView};
use crate::web::view::{event, panel, words};

pub(super) struct Peek {
    pub(super) row: RowView,
    pub(super) event: event::EventView,
    pub(super) run: Option<panel::RunView>,
    /// What stands in its place in blind review, or empty.
    pub(super) held_back: &'static str,
    /// Whether a text tries to steer the vote, so that no single key may decide.
    pub(super) steered: bool,
    pub(super) happened: words::When,
    /// The same by the person's clocks.
    pub(super) clocks: String,
    pub(super) work: WorkView,
    /// What is still to be done, told before a true positive is closed.
    pub(super) open_tasks: Vec<String>,
    pub(super) seen: crate::domain::dossier::Precedents,
    pub(super) version: i64,
    pub(super) key: String,
    /// What argues against deciding at once.
    pub(super) things: Vec<String>,
    /// What each verdict asks for.
    pub(super) asks: Vec<Ask>,
}

pub(super) async fn peek(
    tx: &mut Tx,
    found: Option<&Row>,
    listing: &Listing,
    (me, zone, now): (&str, &str, i64),
) -> Result<Option<Peek>> {
    let Some(found) = found else { return Ok(None) };
    let number = found.case.number;
    let stored = detections::of_case(tx, number, 1).await?;
    let document = stored.first().and_then(|stored| serde_json::from_str(&stored.raw).ok());
    let shown = document
        .and_then(|document| Detection::read(&document).ok())
        .map(|read| event::event(&read))
        .unwrap_or_default();
    let caution = review::caution(tx, &found.case).await?;
    let (run, steered) = run(tx, &found.case).await?;
    let open = review::open_tasks(tx, number).await?;
    Ok(Some(Peek {
        row: RowView {
            cluster: found.cluster().map(|of| cluster(found, of, listing)),
            ..row(found, false, true, (zone, now))
        },
        clocks: words::clocks(found.case.first_event_ms, zone),
        happened: words::when(found.case.first_event_ms),
        seen: decided(found),
        work: WorkView::of(&found.case, &WorkData::default(), me, (zone, now)),
        open_tasks: open.iter().map(|text| visible(text)).collect(),
        version: found.case.version,
        key: hex::encode(rand::random::<[u8; 8]>()),
        things: caution.things.iter().map(|thing| visible(thing)).collect(),
        asks: asks(&caution),
        event: shown,
        run,
        held_back: if review::sight(&found.case).is_blind() { sight::HELD_BACK } else { "" },
        steered,
    }))
}

/// The newest run, and whether a text tries to steer the vote.
async fn run(tx: &mut Tx, case: &Case) -> Result<(Option<panel::RunView>, bool)> {
    let all = sight::runs(tx, case).await?;
    let steered = all.iter().any(|run| panel::steering(run).is_some());
    let newest = all.into_iter().find(|run| run.state != RunState::Interrupted);
    Ok(match newest {
        Some(newest) => (Some(panel::run(&newest, &votes::of_run(tx, newest.id).await?)), steered),
        None => (None, steered),
    })
}

/// How analysts decided the behaviour before.
const fn decided(found: &Row) -> crate::domain::dossier::Precedents {
    crate::domain::dossier::Precedents {
        false_positive: found.seen_fp,
        benign_true_positive: found.seen_btp,
        true_positive: found.seen_tp,
        programs: 0,
    }
}
