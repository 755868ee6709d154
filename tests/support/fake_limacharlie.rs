//! The fake LimaCharlie of the tests as a program: prints one line of JSON with its port, organisation,
//! sensor and key, and runs until it is ended. `tests/check_with_sdk.py` drives it with LimaCharlie's own client.
#![allow(missing_docs, clippy::unwrap_used)]
#[path = "limacharlie/mod.rs"]
mod limacharlie;

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).map_or(0, |text| text.parse().unwrap());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (fake, running) = limacharlie::Fake::on(listener);
    let ready = fake.change(|state| {
        let sid = state.detections[0]["routing"]["sid"].clone();
        serde_json::json!({"port": port, "oid": state.oid, "sid": sid, "api_key": limacharlie::KEY})
    });
    println!("{ready}");
    running.await.unwrap();
}
