//! Faults: what is tried again, what is not, and what is said.
use super::{ever, fake, settings, sid};
use crate::support::limacharlie::{Fake, Fault};
use fusionsoc::limacharlie::{Client, Error, Settings, Tag};
use fusionsoc::secret::Secret;
use std::time::{Duration, Instant};

fn tag() -> [Tag; 1] {
    ["pulled".parse().unwrap()]
}

#[tokio::test]
async fn a_token_is_used_again_and_renewed_once_when_refused() {
    let (fake, client) = fake().await;
    client.who().await.unwrap();
    client.who().await.unwrap();
    assert_eq!(fake.calls("POST", "/jwt").len(), 1);
    fake.change(|state| state.generation += 1);
    let both = futures_util::future::join(client.who(), client.who()).await;
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(fake.calls("POST", "/jwt").len(), 2, "both share the new one");
    fake.fail(&[Fault::Status(401), Fault::Status(401)]);
    let refused = client.who().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Refused { privilege: None, said } if said.contains("token expired")),
        "{refused}"
    );
    assert_eq!(fake.calls("POST", "/jwt").len(), 3);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_not_used_for_the_next_call() {
    let (fake, client) = fake().await;
    fake.change(|state| state.token_s = 599);
    client.who().await.unwrap();
    client.who().await.unwrap();
    assert_eq!(fake.calls("POST", "/jwt").len(), 2);
}

#[tokio::test]
async fn a_missing_privilege_is_named() {
    let (fake, client) = fake().await;
    fake.change(|state| state.keys.values_mut().for_each(|may| may.retain(|may| may != "sensor.tag")));
    let refused = client.add_tags(&sid(&fake), &tag(), None).await.unwrap_err();
    assert_eq!(refused.to_string(), "LimaCharlie refused: the API key lacks the privilege sensor.tag");
    assert_eq!(client.who().await.unwrap().lacks(&["sensor.tag", "sensor.task"]), ["sensor.tag"]);
}

#[tokio::test]
async fn a_wrong_key_is_told_and_never_shown() {
    let fake = Fake::start().await;
    let wrong = Settings { api_key: Secret::new("not-the-key".to_owned()).into(), ..settings(&fake) };
    assert!(!format!("{wrong:?}").contains("not-the-key"));
    let client = Client::new(wrong).unwrap();
    let error = client.who().await.unwrap_err();
    assert_eq!(error.to_string(), "LimaCharlie did not accept the API key: unknown api key");
    assert!(!format!("{client:?}{error:?}").contains("not-the-key"));
}

#[tokio::test]
async fn too_many_calls_are_waited_for_where_the_wait_is_short() {
    let (fake, client) = fake().await;
    client.who().await.unwrap();
    fake.fail(&[Fault::TooMany(1)]);
    let start = Instant::now();
    client.who().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    fake.fail(&[Fault::TooMany(3000)]);
    let error = client.who().await.unwrap_err();
    assert_eq!(error.to_string(), "LimaCharlie allows no more calls for now (1000 in 60 s)");
    let Error::RateLimited { until_ms, .. } = error else { panic!("{error}") };
    assert!(until_ms - fusionsoc::clock::now_ms() > 2_990_000);
    let before = fake.calls("GET", "/v1/who").len();
    assert_eq!(client.who().await.unwrap_err().to_string(), error.to_string());
    assert_eq!(fake.calls("GET", "/v1/who").len(), before, "until then nothing is sent");
}

#[tokio::test]
async fn a_warning_of_the_limit_is_kept() {
    let (fake, client) = fake().await;
    assert_eq!(client.quota_warning(), None);
    fake.fail(&[Fault::Warned]);
    client.who().await.unwrap();
    let warning = client.quota_warning().unwrap();
    assert_eq!((warning.calls, warning.period_s, warning.refused), (Some(1000), Some(60), false));
}

#[tokio::test]
async fn questions_are_asked_again_three_times_in_all() {
    for fault in [Fault::Status(504), Fault::Status(503), Fault::Cut] {
        let (fake, client) = fake().await;
        fake.fail(&[fault.clone(), fault.clone()]);
        client.who().await.unwrap();
        fake.fail(&[fault.clone(), fault.clone(), fault.clone()]);
        assert!(matches!(client.who().await, Err(Error::Unreachable(_))), "{fault:?}");
        assert_eq!(fake.calls("GET", "/v1/who").len(), 6, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_may_have_arrived_is_unknown_and_not_sent_again() {
    for fault in [Fault::Status(504), Fault::Status(503), Fault::Status(500), Fault::Cut, Fault::Slow(2000)] {
        let fake = Fake::start().await;
        let client = Client::new(Settings { patience: Duration::from_secs(1), ..settings(&fake) }).unwrap();
        fake.fail(std::slice::from_ref(&fault));
        let error = client.add_tags(&sid(&fake), &tag(), None).await.unwrap_err();
        assert!(matches!(error, Error::Unknown(_)), "{fault:?}: {error}");
        assert!(error.to_string().starts_with("it is unknown whether LimaCharlie did it"), "{error}");
        assert_eq!(fake.calls("POST", &format!("/v1/{}/tags", sid(&fake))).len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_write_that_was_refused_is_sent_again() {
    let (fake, client) = fake().await;
    fake.fail(&[Fault::TooMany(0), Fault::Status(401)]);
    client.add_tags(&sid(&fake), &tag(), None).await.unwrap();
    assert_eq!(fake.calls("POST", &format!("/v1/{}/tags", sid(&fake))).len(), 3);
}

#[tokio::test]
async fn slow_garbled_and_redirected_answers_are_told() {
    let fake = Fake::start().await;
    let client = Client::new(Settings { patience: Duration::from_secs(1), ..settings(&fake) }).unwrap();
    fake.fail(&[Fault::Slow(3000)]);
    assert_eq!(client.who().await, Err(Error::Timeout(1)));
    fake.fail(&[Fault::Garbled]);
    assert!(matches!(client.who().await, Err(Error::Bad(_))));
    fake.fail(&[Fault::Status(302)]);
    assert_eq!(client.who().await.unwrap_err().to_string(), "LimaCharlie: it answered 302; redirects are not followed");
    fake.fail(&[Fault::Status(418)]);
    assert_eq!(client.who().await.unwrap_err().to_string(), "LimaCharlie: it answered 418: injected 418");
}

#[tokio::test]
async fn nobody_there_is_told_and_a_write_then_did_nothing() {
    let fake = Fake::start().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = Settings { api_url: format!("http://{nobody}"), ..settings(&fake) };
    let client = Client::new(away).unwrap();
    assert_eq!(
        client.add_tags(&sid(&fake), &tag(), None).await.unwrap_err().to_string(),
        "LimaCharlie could not be reached: no connection"
    );
    assert!(client.detections(ever()).next().await.unwrap_err().is_passing());
}

#[tokio::test]
async fn another_organisation_than_the_keys_is_refused() {
    let fake = Fake::start().await;
    let foreign = Settings { oid: "d0000000-0000-4000-8000-000000000001".parse().unwrap(), ..settings(&fake) };
    let client = Client::new(foreign).unwrap();
    assert!(!client.who().await.unwrap().is_member);
    assert!(matches!(client.detections(ever()).next().await, Err(Error::Refused { .. })));
    assert!(matches!(super::client(&fake).detections(ever()).next().await, Ok(Some(_))));
    let _ = client;
}
