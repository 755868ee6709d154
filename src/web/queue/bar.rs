//! What stands in place of the filter line while rows are selected.
use super::tabs;
use crate::domain::Role;
use crate::error::Result;
use crate::store::queue::Filter;
use crate::store::{Tx, users};
use crate::web::auth::SignedIn;
use crate::web::view::listing::Listing;

/// What can be done with selected rows.
pub(super) struct Bar {
    /// Others who can take cases, by name.
    pub(super) colleagues: Vec<String>,
    /// How many cases the list's filter finds, or empty.
    pub(super) found: String,
    /// The review of all of them.
    pub(super) all: String,
}

/// The bar of a list, for those who decide.
pub(super) async fn bar(tx: &mut Tx, me: &SignedIn, listing: &Listing, filter: &Filter) -> Result<Option<Bar>> {
    if me.user.role < Role::Analyst {
        return Ok(None);
    }
    let mut colleagues = users::colleagues(tx, me.user.id).await?;
    colleagues.retain(|name| *name != me.user.username);
    let view = filter.view.to_string();
    let (list, from) = (listing.query(&[("view", &view)]), listing.query(&[]));
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs([("from", &from), ("filter", &list)]).finish();
    let each = Filter { grouped: false, ..filter.clone() };
    let found = tabs::count_of(tx, me, &each).await?;
    Ok(Some(Bar { colleagues, found, all: format!("/cases/bulk?{query}") }))
}
