//! Looks for one of the case's observables on other hosts. It changes nothing; what it finds is kept as evidence.
use super::effect::{Came, Effect, On, Trouble};
use super::sweep::found;
use crate::clock::now_ms;
use crate::domain::action::{ActionKind, BadPlan, Fields, Plan};
use crate::jobs::evidence::hunt::{Wanted, hunt};
use crate::limits;
use crate::store::{Tx, observables};
use async_trait::async_trait;

/// The hunt.
pub struct Hunt;

#[async_trait]
impl Effect for Hunt {
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let (Plan::Hunt { what, value, days }, Some(detection)) = (on.plan, on.detection) else {
            return Err(Trouble::Failed("there is nothing to look for".to_owned()));
        };
        let hunt = hunt(on.client, detection, Wanted { kind: *what, value, days: *days }, now_ms());
        found(tokio::time::timeout(limits::SWEEP, hunt).await)
    }
}

/// Reads a plan. What is hunted for is chosen by its id among the case's observables: no text of a form ever becomes one.
///
/// # Errors
/// [`BadPlan`] within, where a field can't be used; the database's error outside.
pub async fn plan(
    tx: &mut Tx,
    case: i64,
    kind: ActionKind,
    fields: &Fields,
) -> crate::store::Result<Result<Plan, BadPlan>> {
    if kind != ActionKind::Hunt {
        return Ok(Plan::read(kind, fields));
    }
    let id = fields.observable.trim().parse::<i64>().ok();
    let of_case = observables::of_case(tx, case).await?;
    let chosen = of_case.into_iter().find(|one| Some(one.id) == id);
    Ok(match chosen {
        Some(one) => Plan::hunt(one.kind, &one.value, &fields.days),
        None => Err(BadPlan { field: "observable", text: "choose one of the case's observables".to_owned() }),
    })
}
