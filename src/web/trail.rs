//! The list that a case was opened from. Its address is read like the queue's own and written anew,
//! so that a link can lead to a list of ours and nowhere else.
use super::auth::SignedIn;
use super::view::listing::Listing;
use crate::error::Result;
use crate::store::Tx;
use crate::store::queue::{self, Filter, Row, Sort, View, Way};
use axum::extract::{Query, Request};
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

/// The longest query that is read, in bytes.
const LONGEST: usize = 2_000;

/// A list that a case was opened from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail(Listing);

/// The way from a case to its neighbours in the list, and back to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    /// The list with this case as the current row.
    pub queue: String,
    /// The case before.
    pub previous: Option<String>,
    /// The case after.
    pub next: Option<String>,
}

impl Trail {
    /// The list of a queue's page.
    pub fn of(listing: &Listing) -> Self {
        Self(listing.clone())
    }

    /// Reads the query string of the queue; nothing where it is none.
    pub fn read(query: &str) -> Option<Self> {
        let uri: Uri = (query.len() <= LONGEST).then(|| format!("/cases?{query}").parse().ok()).flatten()?;
        let Query(listing) = Query::<Listing>::try_from_uri(&uri).ok()?;
        let trail = Self(listing);
        trail.filter().map(|_| trail)
    }

    fn filter(&self) -> Option<Filter> {
        self.parts().map(|(filter, ..)| filter)
    }

    fn parts(&self) -> Option<(Filter, Option<queue::Cursor>, i64)> {
        let usual = if self.0.q.is_empty() { View::NeedsDecision } else { View::All };
        let (filter, after, limit) = self.0.parts(usual, Sort::Risk).ok()?;
        Some((Filter { grouped: self.0.grouped(&filter), ..filter }, after, limit))
    }

    /// The view's name and the rows of the list's page.
    pub async fn page(&self, tx: &mut Tx, me: &SignedIn) -> Result<Option<(&'static str, Vec<Row>)>> {
        let Some((filter, after, limit)) = self.parts() else { return Ok(None) };
        let rows = queue::page(tx, me.scope(), &filter, after, limit).await?;
        Ok(Some((filter.view.label(), rows)))
    }

    /// The address of the list with some parameters added.
    pub fn queue(&self, more: &[(&str, &str)]) -> String {
        let mut all = vec![("after", self.0.after.as_str())];
        all.extend_from_slice(more);
        self.0.with(&all)
    }

    /// The list's query string.
    pub fn query(&self) -> String {
        self.queue(&[]).trim_start_matches("/cases?").to_owned()
    }

    /// The address of a case that remembers the list, with some parameters added.
    pub fn case(&self, number: i64, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &self.query()).extend_pairs(more);
        format!("/cases/{number}?{}", query.finish())
    }

    /// The case beside another one in the list.
    pub async fn beside(&self, tx: &mut Tx, me: &SignedIn, number: i64, way: Way) -> Result<Option<i64>> {
        let (Some(filter), Some(place)) = (self.filter(), queue::place(tx, number).await?) else { return Ok(None) };
        Ok(queue::beside(tx, me.scope(), &filter, place, way).await?)
    }

    /// The ways on from a case.
    pub async fn steps(&self, tx: &mut Tx, me: &SignedIn, number: i64) -> Result<Steps> {
        let (before, after) =
            (self.beside(tx, me, number, Way::Before).await?, self.beside(tx, me, number, Way::After).await?);
        Ok(Steps {
            queue: self.queue(&[("peek", &number.to_string())]),
            previous: before.map(|number| self.case(number, &[])),
            next: after.map(|number| self.case(number, &[])),
        })
    }
}

/// Lets a form of a case page that names its list in its address lead back to the case with the list.
pub async fn keep(request: Request, next: Next) -> Response {
    let page = request.uri().path().rsplit_once('/').map(|(page, _)| page.to_owned()).unwrap_or_default();
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let from = query.into_owned().find(|(name, _)| name == "from").and_then(|(_, from)| Trail::read(&from));
    let number = page.rsplit('/').next().and_then(|number| number.parse().ok());
    let mut response = next.run(request).await;
    if let (Some(trail), Some(number)) = (from, number)
        && response.headers().get(header::LOCATION).is_some_and(|to| to.as_bytes() == page.as_bytes())
        && let Ok(to) = HeaderValue::from_str(&trail.case(number, &[]))
    {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}
