//! The client for LimaCharlie against a fake that LimaCharlie's own client drives as well (`check_with_sdk.py`).
mod hostile;
mod pages;
mod tour;
mod trouble;

use crate::support::limacharlie::{Fake, KEY};
use fusionsoc::limacharlie::{Client, Range, Settings, Sid};
use fusionsoc::secret::Secret;
use std::time::Duration;

/// Settings for the fake, with little patience.
fn settings(fake: &Fake) -> Settings {
    let oid = fake.change(|state| state.oid.clone()).parse().unwrap();
    Settings {
        api_url: fake.url.clone(),
        jwt_url: fake.jwt_url(),
        back_off: [Duration::from_millis(5), Duration::from_millis(10)],
        patience: Duration::from_secs(5),
        ..Settings::new(oid, Secret::new(KEY.to_owned()))
    }
}

fn client(fake: &Fake) -> Client {
    Client::new(settings(fake)).unwrap()
}

async fn fake() -> (Fake, Client) {
    let fake = Fake::start().await;
    let client = client(&fake);
    (fake, client)
}

fn ever() -> Range {
    Range::seconds(0, 2_000_000_000).unwrap()
}

/// The sensor of the first detection.
fn sid(fake: &Fake) -> Sid {
    fake.change(|state| state.detections[0]["routing"]["sid"].as_str().unwrap().parse().unwrap())
}
