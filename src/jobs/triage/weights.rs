//! What the voters' votes weigh in an organisation, from its analysts' declarations of the last 90 days.
use crate::domain::weighing::Record;
use crate::domain::{MachineVerdict, Weights};
use crate::store::activity::DAY_MS;
use crate::store::measured::{self, Cell, Said};
use crate::store::{Result, Scope, Tx};
use crate::triage::measure;
use crate::triage::vote::Mode;
use crate::triage::weighted::{self, Labelled};

/// For so many days a declaration counts.
const DAYS: i64 = 90;

/// The weights of an organisation; the usual ones in modes that don't weigh. Never from other organisations' cases.
///
/// # Errors
/// Where the database refuses.
pub(crate) async fn of(tx: &mut Tx, org_id: i64, mode: Mode, now_ms: i64) -> Result<Weights> {
    if mode != Mode::Weighted {
        return Ok(Weights::default());
    }
    let (scope, since) = (Scope::org(org_id), now_ms - DAYS * DAY_MS);
    let records = records(&measured::cells(tx, scope, since).await?);
    let labelled = labelled(&measured::newest(tx, scope, since).await?);
    Ok(weighted::fit(Weights { records, ..Weights::default() }, &labelled))
}

/// How often each voter was right, of the cases that it decided; the panel left out.
fn records(cells: &[Cell]) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.voter != measured::PANEL) {
        let Some(wrong) = measure::wrong(cell.vote, cell.declared) else { continue };
        if records.last().is_none_or(|last| last.voter != cell.voter) {
            records.push(Record { voter: cell.voter.clone(), ..Record::default() });
        }
        if let Some(record) = records.last_mut() {
            record.cases += cell.cases;
            record.right += if wrong { 0 } else { cell.cases };
        }
    }
    records
}

fn labelled(said: &[Said]) -> Vec<Labelled> {
    let cases = said.chunk_by(|left, right| left.case_number == right.case_number);
    cases.filter_map(|case| Some(Labelled { truth: truth(case)?, votes: case.iter().map(vote).collect() })).collect()
}

fn truth(case: &[Said]) -> Option<MachineVerdict> {
    case.first().and_then(|said| measure::truth(said.declared))
}

fn vote(said: &Said) -> (String, MachineVerdict) {
    (said.voter.clone(), said.vote)
}
