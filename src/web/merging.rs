//! Cases that become part of each other, are taken apart, split, linked or closed as duplicates.
use super::App;
use super::auth::SignedIn;
use super::case_forms::{begin, finish};
use super::form::{CaseNumber, Fields};
use super::kept::Kept;
use crate::clock::now_ms;
use crate::domain::Role;
use crate::error::{AppError, Result};
use crate::review::{self, ReviewError, merging};
use crate::store::cases::{self, Case};
use crate::store::{Tx, idempotency};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

/// A form's fields, one name as often as it likes.
type Pairs = Vec<(String, String)>;

/// The first value of a field that is filled in.
fn field<'a>(form: &'a Pairs, names: &[&str]) -> &'a str {
    let filled = |(name, value): &&(String, String)| names.contains(&name.as_str()) && !value.trim().is_empty();
    form.iter().find(filled).map_or("", |(_, value)| value.trim())
}

/// A case's number as people write it, also `#12`.
fn number(text: &str, field: &'static str) -> Result<i64, ReviewError> {
    let number = text.trim().trim_start_matches('#').parse().ok().filter(|number| *number > 0);
    number.ok_or(ReviewError::Invalid { field, text: "Name a case by its number.".to_owned() })
}

/// The numbers of a field that may be there several times, each a list with commas.
fn numbers(form: &Pairs, name: &'static str) -> Result<Vec<i64>, ReviewError> {
    let texts = form.iter().filter(|(known, _)| known == name).flat_map(|(_, value)| value.split(','));
    texts.filter(|text| !text.trim().is_empty()).map(|text| number(text, name)).collect()
}

async fn visible(tx: &mut Tx, me: &SignedIn, number: i64) -> Result<Case> {
    cases::visible(tx, me.scope(), number).await?.ok_or(AppError::NotFound)
}

fn to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

/// Goes to `path` where it worked, else shows the page of a case with what was wrong.
async fn done<T>(
    app: &App,
    me: &SignedIn,
    tx: Tx,
    (shown, path): (i64, String),
    outcome: Result<T, ReviewError>,
) -> Result<Response> {
    let ok = outcome.is_ok();
    let response = finish(app, me, tx, shown, outcome, Kept::default()).await?;
    Ok(if ok { to(&path) } else { response })
}

/// `POST /cases/{number}/merge`: the case becomes part of `into`.
pub async fn merge(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(from): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, from, "merge", field(&form, &["idempotency_key"])).await?;
    let into = number(field(&form, &["into", "to"]), "into");
    let Some(case) = case else { return Ok(to(&format!("/cases/{from}"))) };
    let seen = review::fresh(&case, field(&form, &["version"]).parse().ok());
    let outcome = match seen.and(into) {
        Ok(into) => {
            visible(&mut tx, &me, into).await?;
            merging::merge(&mut tx, &me.actor(), &[from], into, now_ms()).await.map(|()| into)
        }
        Err(problem) => Err(problem),
    };
    let path = format!("/cases/{}?merged={from}", outcome.as_ref().copied().unwrap_or(from));
    done(&app, &me, tx, (from, path), outcome).await
}

/// `POST /cases/merge`: the cases `numbers` become part of `into`, or of the oldest of them.
pub async fn merge_many(me: SignedIn, State(app): State<App>, Fields(form): Fields<Pairs>) -> Result<Response> {
    me.must_be(Role::Analyst)?;
    let mut tx = app.store.write().await?;
    let (all, into) = asked(&mut tx, &me, &form).await?;
    let path = format!("/cases/{into}");
    let key = field(&form, &["idempotency_key"]);
    let token = format!("merge/{}", &key[..key.floor_char_boundary(100)]);
    if !key.is_empty() && !idempotency::take(&mut tx, me.user.id, &token, now_ms()).await? {
        return Ok(to(&path));
    }
    let others: Vec<i64> = all.into_iter().filter(|one| *one != into).collect();
    let outcome = merging::merge(&mut tx, &me.actor(), &others, into, now_ms()).await;
    done(&app, &me, tx, (into, path), outcome).await
}

/// The cases that are named, all of them visible, and the one that they become part of.
async fn asked(tx: &mut Tx, me: &SignedIn, form: &Pairs) -> Result<(Vec<i64>, i64)> {
    let numbers = numbers(form, "numbers")?;
    if numbers.len() > crate::limits::MERGED_AT_ONCE + 1 {
        let text = format!("At most {} cases can be merged in one go.", crate::limits::MERGED_AT_ONCE);
        return Err(AppError::Invalid { field: "numbers".to_owned(), text });
    }
    let mut oldest: Option<(i64, i64)> = None;
    for one in &numbers {
        let case = visible(tx, me, *one).await?;
        let age = (case.opened_ms, case.number);
        oldest = Some(oldest.map_or(age, |known| known.min(age)));
    }
    let into = field(form, &["into"]);
    let into = if into.is_empty() { oldest.map(|(_, number)| number) } else { Some(number(into, "into")?) };
    let Some(into) = into else {
        return Err(AppError::Invalid { field: "numbers".to_owned(), text: "Choose the cases to merge.".to_owned() });
    };
    visible(tx, me, into).await?;
    Ok((numbers, into))
}

/// `POST /cases/{number}/unmerge`: the case is taken out of the one that it is part of.
pub async fn unmerge(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "unmerge", field(&form, &["idempotency_key"])).await?;
    let path = format!("/cases/{number}");
    let Some(case) = case else { return Ok(to(&path)) };
    let any = me.user.role >= Role::Lead;
    let outcome = merging::unmerge(&mut tx, &me.actor(), number, any, now_ms()).await;
    done(&app, &me, tx, (case.merged_into.unwrap_or(number), path), outcome).await
}

/// `POST /cases/{number}/split`: the `detections` with these ids leave for a new case.
pub async fn split(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    let (mut tx, case) = begin(&app, &me, number, "split", field(&form, &["idempotency_key"])).await?;
    let Some(case) = case else { return Ok(to(&format!("/cases/{number}"))) };
    let outcome = match numbers(&form, "detections") {
        Ok(ids) => review::split(&mut tx, &me.actor(), &case, &ids, now_ms()).await,
        Err(problem) => Err(problem),
    };
    let path = format!("/cases/{}", outcome.as_ref().copied().unwrap_or(number));
    done(&app, &me, tx, (number, path), outcome).await
}

/// What a form says of a case and another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Link,
    Unlink,
    Duplicate,
}

async fn beside(app: &App, me: &SignedIn, case: i64, form: &Pairs, what: Beside) -> Result<Response> {
    let (word, names) = match what {
        Beside::Link => ("link", ["to", "to"]),
        Beside::Unlink => ("unlink", ["unlink", "to"]),
        Beside::Duplicate => ("duplicate", ["of", "to"]),
    };
    let (mut tx, found) = begin(app, me, case, word, field(form, &["idempotency_key"])).await?;
    let path = format!("/cases/{case}");
    let Some(found) = found else { return Ok(to(&path)) };
    // Of two names the more exact one counts, whichever stands first.
    let text = Some(field(form, &names[..1])).filter(|text| !text.is_empty()).unwrap_or_else(|| field(form, &names));
    let (actor, now) = (me.actor(), now_ms());
    let outcome = match number(text, names[0]) {
        Err(problem) => Err(problem),
        Ok(other) => {
            let other = visible(&mut tx, me, other).await?;
            match what {
                Beside::Link => review::link(&mut tx, &actor, &found, &other, now).await,
                Beside::Unlink => review::unlink(&mut tx, &actor, &found, &other, now).await,
                Beside::Duplicate => {
                    let version = field(form, &["version"]).parse().ok();
                    review::duplicate(&mut tx, &actor, &found, &other, version, now).await
                }
            }
        }
    };
    done(app, me, tx, (case, path), outcome).await
}

/// `POST /cases/{number}/link`
pub async fn link(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    Box::pin(beside(&app, &me, number, &form, Beside::Link)).await
}

/// `POST /cases/{number}/unlink`
pub async fn unlink(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    Box::pin(beside(&app, &me, number, &form, Beside::Unlink)).await
}

/// `POST /cases/{number}/duplicate`: the case is closed as a duplicate of the case `of`.
pub async fn duplicate(
    me: SignedIn,
    State(app): State<App>,
    CaseNumber(number): CaseNumber,
    Fields(form): Fields<Pairs>,
) -> Result<Response> {
    Box::pin(beside(&app, &me, number, &form, Beside::Duplicate)).await
}
