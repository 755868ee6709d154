//! Lists in pages, packed lists, and searches.
use super::{ever, fake, sid};
use crate::support::limacharlie::{Fault, Kept};
use fusionsoc::limacharlie::{Cursor, Error, Range};
use std::collections::HashSet;
use std::time::Duration;

#[tokio::test]
async fn a_list_ends_with_its_cursor_and_not_with_an_empty_page() {
    let (fake, client) = fake().await;
    fake.change(|state| state.empty_pages = true);
    let mut pages = client.detections(ever());
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!(sizes, [0, 2, 0, 2]);
    let asked = fake.calls("GET", "/v1/insight");
    assert!(asked[0].path.contains("cursor=-&start=0&end=2000000000&is_compressed=true"), "{}", asked[0].path);
}

#[tokio::test]
async fn a_list_goes_on_where_it_was_left_and_repeats_a_page_that_failed() {
    let (fake, client) = fake().await;
    let mut pages = client.detections(ever());
    let first = pages.next().await.unwrap().unwrap();
    let kept = pages.cursor().unwrap().as_str().to_owned();
    fake.fail(&[Fault::Status(500)]);
    assert!(matches!(pages.next().await, Err(Error::Unreachable(_))));
    let second = pages.next().await.unwrap().unwrap();
    let mut resumed = client.detections(ever()).from(Cursor::kept(&kept));
    let again = resumed.next().await.unwrap().unwrap();
    let texts =
        |page: &[Box<serde_json::value::RawValue>]| page.iter().map(|raw| raw.get().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&second), texts(&again));
    let all: HashSet<_> = texts(&first).into_iter().chain(texts(&second)).collect();
    assert_eq!(all.len(), 4);
    assert_eq!((pages.next().await.unwrap().map(|_| ()), pages.cursor()), (None, None));
}

#[tokio::test]
async fn a_list_that_leads_back_ends_with_an_error() {
    let (fake, client) = fake().await;
    fake.change(|state| state.endless = true);
    let mut pages = client.detections(ever());
    pages.next().await.unwrap();
    let error = pages.next().await.unwrap_err();
    assert_eq!(error, Error::Bad("the list leads back to a page that was read already".to_owned()));
    assert_eq!(fake.calls("GET", "/v1/insight").len(), 2);
}

#[tokio::test]
async fn milliseconds_are_not_taken_for_seconds() {
    let ms = 1_773_901_779_000;
    assert_eq!(Range::seconds(ms - 1, ms), None);
    assert_eq!(Range::seconds(5, 4), None);
    assert_eq!(Range::seconds(-1, 4), None);
    let range = Range::covering_ms(ms - 1, ms + 1).unwrap();
    assert_eq!((range.from_s(), range.to_s()), (1_773_901_778, 1_773_901_780));
}

#[tokio::test]
async fn events_are_cut_at_the_limit_and_it_is_told() {
    let (fake, client) = fake().await;
    let routing = fake.change(|state| state.events[0]["routing"].clone());
    let sid = routing["sid"].as_str().unwrap().parse().unwrap();
    let (some, complete) = client.events(&sid, ever()).rest(3).await.unwrap();
    assert_eq!((some.len(), complete), (3, false));
    fake.change(|state| state.kept = Kept::Nothing);
    assert_eq!(client.events(&sid, ever()).rest(3).await.unwrap().0.len(), 0);
    assert_eq!(client.overview(&sid, ever()).await.unwrap().len(), 5, "there was something, only not then");
    fake.change(|state| state.kept = Kept::Since(i64::MAX));
    assert!(client.overview(&sid, ever()).await.unwrap().is_empty(), "nothing is kept any more");
}

#[tokio::test]
async fn a_search_is_waited_for_and_always_removed() {
    let (fake, client) = fake().await;
    fake.change(|state| state.search_polls = 2);
    let patience = Duration::from_secs(5);
    let found = client.search("* | * | *", ever(), 100, patience).await.unwrap();
    assert_eq!((found.rows.len(), found.complete), (5, true), "over pages of two");
    assert_eq!(fake.calls("DELETE", "/v1/search/q-").len(), 1);
    let some = client.search("* | * | *", ever(), 3, patience).await.unwrap();
    assert_eq!((some.rows.len(), some.complete), (3, false));
    fake.fail(&[Fault::Pass, Fault::Status(400)]);
    assert!(matches!(client.search("* | * | *", ever(), 3, patience).await, Err(Error::Bad(_))));
    fake.change(|state| state.search_polls = 1000);
    let late = client.search("* | * | *", ever(), 3, Duration::from_millis(120)).await.unwrap();
    assert_eq!((late.rows.len(), late.complete), (0, false));
    assert_eq!(fake.change(|state| state.searches.len()), 0, "none is left behind");
}

#[tokio::test]
async fn isolation_is_told_as_wanted_and_as_it_is() {
    let (fake, client) = fake().await;
    fake.change(|state| state.isolation_looks = 2);
    let sid = sid(&fake);
    client.isolate(&sid).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let now = client.isolation(&sid).await.unwrap();
        seen.push((now.wanted, now.actual, now.is_settled()));
    }
    assert_eq!(seen, [(true, false, false), (true, false, false), (true, true, true)]);
}
