//! The seed's case as it is imported with a triage and intelligence that were recorded elsewhere.
use super::{SEED, Server};
use fusionsoc::ingest::recorded::{Recorded, attach};
use fusionsoc::ingest::{Accepted, Delivery, Gathered, accept, reading};
use fusionsoc::triage::fingerprint;
use serde_json::Value;

const AT_MS: i64 = 1_774_239_392_000;

/// The intelligence that was recorded with it.
pub fn intelligence() -> Value {
    serde_json::from_str(include_str!("../fixtures/seed/intel.json")).unwrap()
}

/// Takes it in with other intelligence; its number.
pub async fn seed(server: &Server, number: Option<i64>, intel: Value) -> i64 {
    let seed = reading::document(SEED).unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    let delivery = Delivery {
        org_id: server.org_id,
        source: "import",
        raw: &seed.raw,
        detection: &seed.detection,
        received_ms: AT_MS,
        number,
        triage_at_ms: None,
    };
    let mut gathered = Gathered::default();
    let Accepted::New { case, id } = accept(&mut tx, &mut gathered, delivery).await.unwrap() else { panic!("new") };
    gathered.write(&mut tx).await.unwrap();
    let triage = serde_json::from_str(include_str!("../fixtures/seed/triage.json")).unwrap();
    let recorded = Recorded { triage, intel: Some(intel), verdict: None };
    attach(&mut tx, case, id, &fingerprint::of(&seed.detection), &recorded, AT_MS).await.unwrap();
    tx.commit().await.unwrap();
    case
}
