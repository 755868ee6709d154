//! The tabs of the queue: the views that everybody has, then those that this person saved.
use crate::error::Result;
use crate::store::queue::{self, Filter, Sort, View};
use crate::store::views::{self, SavedView};
use crate::store::{Tx, users::User};
use crate::web::auth::SignedIn;
use crate::web::page::{COUNT_MOST, count_text};
use crate::web::view::listing::Listing;

/// The views that everybody has, in order.
const TABS: &[View] = &[
    View::NeedsDecision,
    View::SplitVotes,
    View::LikelyTruePositive,
    View::Triaging,
    View::SpotCheck,
    View::Mine,
    View::Snoozed,
    View::AllOpen,
    View::Closed,
];

/// A tab.
pub(super) struct Tab {
    pub(super) label: String,
    pub(super) count: String,
    pub(super) href: String,
    pub(super) current: bool,
    /// The digit that opens it, where there is one left.
    pub(super) key: Option<usize>,
}

/// All tabs with their counts.
pub(super) async fn tabs(tx: &mut Tx, me: &SignedIn, listing: &Listing, current: View) -> Result<Vec<Tab>> {
    let mut tabs = Vec::new();
    for view in TABS {
        let count = if *view == View::Closed {
            String::new()
        } else {
            count_text(queue::count(tx, me.scope(), *view, COUNT_MOST).await?)
        };
        let href =
            Listing { view: view.as_str().to_owned(), sort: listing.sort.clone(), ..Listing::default() }.with(&[]);
        let current = *view == current && listing.saved.is_empty();
        tabs.push(Tab { label: view.label().to_owned(), count, href, current, key: None });
    }
    for saved in views::of_user(tx, me.user.id).await? {
        let count = count_saved(tx, me, &saved).await?;
        let (href, current) = (href(&saved), saved.id.to_string() == listing.saved);
        tabs.push(Tab { label: saved.name, count, href, current, key: None });
    }
    // What stands aside needs no key of its own.
    let aside = View::Snoozed.label();
    for (at, tab) in tabs.iter_mut().filter(|tab| tab.label != aside).enumerate().take(9) {
        tab.key = Some(at + 1);
    }
    Ok(tabs)
}

/// The address of a saved view.
pub fn href(saved: &SavedView) -> String {
    format!("/cases?{}&saved={}", saved.query, saved.id)
}

/// How many cases a saved view holds: nothing where it can't be told quickly, as for closed cases and texts.
async fn count_saved(tx: &mut Tx, me: &SignedIn, saved: &SavedView) -> Result<String> {
    let listing: Listing = serde_urlencoded::from_str(&saved.query).unwrap_or_default();
    let Ok((filter, _, _)) = listing.parts(View::NeedsDecision, Sort::Risk) else { return Ok(String::new()) };
    count_of(tx, me, &filter).await
}

/// The same of a filter.
pub(super) async fn count_of(tx: &mut Tx, me: &SignedIn, filter: &Filter) -> Result<String> {
    let whole = Filter { view: filter.view, sort: filter.sort, exact: filter.exact, ..Filter::default() } == *filter;
    if matches!(filter.view, View::Closed | View::All) || !filter.q.is_empty() {
        return Ok(String::new());
    }
    if whole {
        return Ok(count_text(queue::count(tx, me.scope(), filter.view, COUNT_MOST).await?));
    }
    let (found, all) = queue::count_filtered(tx, me.scope(), filter, COUNT_MOST).await?;
    Ok(if all { found.to_string() } else { format!("{found}+") })
}

/// The address with which the queue opens for this person, where they chose a view of theirs.
pub(super) async fn start(tx: &mut Tx, user: &User) -> Result<Option<String>> {
    Ok(views::start(tx, user.id).await?.as_ref().map(href))
}
