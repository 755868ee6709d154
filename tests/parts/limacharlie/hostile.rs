//! Nothing hostile gets into a URL, and our token to nobody but LimaCharlie.
use super::{client, ever, fake, settings};
use crate::support::limacharlie::Fake;
use base64::Engine;
use fusionsoc::limacharlie::ids::{Investigation, QueryId, RuleName, Task, TaskKey};
use fusionsoc::limacharlie::rules::About;
use fusionsoc::limacharlie::{Atom, Client, DetectId, Error, Oid, Settings, Sid, Tag};
use fusionsoc::secret::Secret;
use serde_json::json;
use std::io::Write;
use std::time::Duration;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SID: &str = "5ca1ab1e-0000-4000-8000-000000000001";

#[test]
fn only_ids_are_ids() {
    for bad in [
        "",
        "..",
        "../../orgs",
        "5CA1AB1E-0000-4000-8000-000000000001",
        "5ca1ab1e-0000-4000-8000-00000000000",
        "5ca1ab1e-0000-4000-8000-000000000001/",
        "5ca1ab1e/0000-4000-8000-000000000001",
        "5ca1ab1e-0000-4000-8000-00000000000%",
        "5ca1ab1e-0000-4000-8000-0000000000é",
        "5ca1ab1e000004000080000000000000001a",
    ] {
        assert!(
            bad.parse::<Oid>().is_err() && bad.parse::<Sid>().is_err() && bad.parse::<DetectId>().is_err(),
            "{bad}"
        );
    }
    assert!(SID.parse::<Oid>().is_ok() && SID.parse::<Sid>().is_ok() && SID.parse::<DetectId>().is_ok());
    for bad in ["", "children", "0", "g0000000000000000000000000000000", "../0000000000000000000000000000000"] {
        assert!(bad.parse::<Atom>().is_err(), "{bad}");
    }
    for bad in ["", " ", "a,b", "a\nb", "a\0", &"x".repeat(129)] {
        assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
    }
    for bad in ["", ".", "..", "...", "a\r\nb", &"x".repeat(257)] {
        assert!(bad.parse::<RuleName>().is_err(), "{bad:?}");
    }
    for bad in ["", "a b", "../a", "a\r\nx-other: 1", "ä"] {
        assert!(bad.parse::<TaskKey>().is_err() && bad.parse::<QueryId>().is_err(), "{bad:?}");
    }
    assert!("a\nb".parse::<Task>().is_err() && "a\nb".parse::<Investigation>().is_err());
}

#[tokio::test]
async fn names_and_tags_with_special_characters_stay_one_value() {
    let (fake, client) = fake().await;
    let name: RuleName = "../../orgs/x?a=b#c%2e%2e&d".parse().unwrap();
    let condition = json!({"op": "is", "path": "cat", "value": "x"});
    client.set_rule(&name, &condition, &About::default(), None).await.unwrap();
    assert_eq!(fake.change(|state| state.rules.keys().cloned().collect::<Vec<_>>()), [name.as_str()]);
    let call = fake.calls("POST", "/v1/hive/").pop().unwrap();
    let segment =
        call.path.strip_prefix(&format!("/v1/hive/fp/{}/", client.oid())).unwrap().strip_suffix("/data").unwrap();
    assert!(segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'), "{segment}");
    let (sid, tag): (Sid, Tag) = (super::sid(&fake), "a&ttl=1&tags=b".parse().unwrap());
    client.add_tags(&sid, std::slice::from_ref(&tag), None).await.unwrap();
    assert_eq!(fake.calls("POST", "/v1/").pop().unwrap().form, [("tags".to_owned(), tag.to_string())]);
}

#[tokio::test]
async fn the_token_goes_to_no_host_that_is_not_limacharlies() {
    for host in [
        "evil.example",
        "http://limacharlie.io.evil.example",
        "https://127.0.0.1.evil.example",
        "https://a@127.0.0.1:1",
        "ftp://127.0.0.1",
        "http://127.0.0.1:1/path",
        "http://10.0.0.1",
        "",
    ] {
        let (fake, client) = fake().await;
        fake.change(|state| state.host = Some(host.to_owned()));
        let error = client.search("*", ever(), 1, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "LimaCharlie: the search host is not one of LimaCharlie's; nothing was sent to it",
            "{host}"
        );
    }
}

#[test]
fn keys_are_sent_only_over_tls_or_within_this_machine() {
    let good = Settings::new(SID.parse().unwrap(), Secret::new("k".to_owned()));
    assert!(good.check().is_ok());
    for bad in [
        "http://api.limacharlie.io",
        "https://",
        "api.limacharlie.io",
        "https://a:b@api.limacharlie.io",
        "https://api.limacharlie.io?x=1",
        "ftp://127.0.0.1",
    ] {
        let error = Settings { api_url: bad.to_owned(), ..good.clone() }.check().unwrap_err();
        assert!(error.to_string().starts_with("api_url: must be"), "{bad}");
        let error = Settings { jwt_url: bad.to_owned(), ..good.clone() }.check().unwrap_err();
        assert!(error.to_string().starts_with("jwt_url: must be"), "{bad}");
    }
    for url in ["http://127.0.0.1:9", "http://[::1]:9", "http://localhost"] {
        assert!(Settings { api_url: url.to_owned(), ..good.clone() }.check().is_ok(), "{url}");
    }
}

/// An API that answers every list with this.
async fn answering(body: serde_json::Value) -> (MockServer, Client) {
    let fake = Fake::start().await;
    let server = MockServer::start().await;
    let reply = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method("GET")).and(path_regex("/v1/insight/.*")).respond_with(reply).mount(&server).await;
    let client = Client::new(Settings { api_url: server.uri(), ..settings(&fake) }).unwrap();
    (server, client)
}

#[tokio::test]
async fn a_small_parcel_with_a_very_large_list_is_refused() {
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..130 {
        packing.write_all(&zeros).unwrap();
    }
    let packed = base64::engine::general_purpose::STANDARD.encode(packing.finish().unwrap());
    assert!(packed.len() < 500_000);
    let (_server, client) = answering(json!({"detects": packed, "next_cursor": null})).await;
    let error = client.detections(ever()).next().await.unwrap_err();
    assert!(matches!(&error, Error::Bad(said) if said.contains("unpacks to more than")), "{error}");
}

#[tokio::test]
async fn lists_in_any_shape_are_read_or_refused_in_words() {
    for (list, wanted) in [
        (json!([{"a": 1.50}]), Some(1)),
        (json!(null), Some(0)),
        (json!(""), Some(0)),
        (json!("no base64!"), None),
        (json!("YWJj"), None),
        (json!({}), None),
        (json!(7), None),
    ] {
        let (_server, client) = answering(json!({"detects": list, "next_cursor": ""})).await;
        let page = client.detections(ever()).next().await;
        assert_eq!(page.as_ref().ok().map(|page| page.as_ref().unwrap().len()), wanted, "{list}: {page:?}");
        if let Ok(Some(page)) = page
            && let Some(first) = page.first()
        {
            assert_eq!(first.get(), "{\"a\":1.5}", "the text as it came");
        }
    }
    let (_server, bad) = answering(json!({"detects": [], "next_cursor": {"a": 1}})).await;
    assert_eq!(bad.detections(ever()).next().await.unwrap_err(), Error::Bad("a cursor is not a text".to_owned()));
    let (_server, bare) = answering(json!({})).await;
    assert_eq!(bare.detections(ever()).next().await.unwrap().unwrap().len(), 0);
}

#[tokio::test]
async fn clones_share_what_they_know() {
    let fake = Fake::start().await;
    let one = client(&fake);
    one.clone().who().await.unwrap();
    one.who().await.unwrap();
    assert_eq!(fake.calls("POST", "/jwt").len(), 1);
}
