//! A known value that is nearly what was typed.
use crate::domain::ObservableKind::{self, Domain, File, Host, User};
use crate::domain::search::{Field, Meaning, Query, Term};
use crate::review::ReviewError;
use crate::store::Tx;
use crate::store::search;

/// Letters that may be wrong.
const WRONG: usize = 2;
/// Shorter texts are near to everything.
const SHORTEST: usize = 4;

/// The nearest known value to a term, and the question with it.
pub(super) async fn find(tx: &mut Tx, query: &Query, orgs: &[i64]) -> Result<Option<(String, String)>, ReviewError> {
    for (at, part) in query.parts.iter().enumerate() {
        let Meaning::Term(term) = &part.meaning else { continue };
        let kinds = kinds(term);
        let typed = term.text.to_lowercase();
        if term.excluded || kinds.is_empty() || typed.chars().count() < SHORTEST {
            continue;
        }
        let known = search::similar(tx, kinds, &typed, orgs).await?;
        let distance = |known: &String| strsim::osa_distance(&known.to_lowercase(), &typed);
        let near = known.into_iter().map(|known| (distance(&known), known)).filter(|(wrong, _)| *wrong <= WRONG);
        if let Some((1.., known)) = near.min() {
            return Ok(Some((known.clone(), query.with(at, &as_typed(term, &known)))));
        }
    }
    Ok(None)
}

fn kinds(term: &Term) -> &'static [ObservableKind] {
    match term.field {
        None => &[File, Host, Domain, User],
        Some(Field::Path) => &[File],
        Some(Field::Host) => &[Host],
        Some(Field::Domain) => &[Domain],
        Some(Field::User) => &[User],
        Some(_) => &[],
    }
}

fn as_typed(term: &Term, known: &str) -> String {
    let known = known.replace('"', " ");
    let known = if known.contains(char::is_whitespace) { format!("\"{known}\"") } else { known };
    term.field.map_or_else(|| known.clone(), |field| format!("{field}:{known}"))
}
