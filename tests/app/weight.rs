//! What a page weighs on the wire, compressed, with all that it needs: a slow line at night is enough.

use crate::support::{Person, SEED, Server, http, seed_id, seed_with, spawn};
use fusionsoc::domain::Role;
use std::collections::BTreeSet;

/// A style or script as a release sends it: packed when it was built, as small as Brotli can.
async fn asset(server: &Server, path: &str) -> usize {
    let reply = http().get(format!("{}{path}", server.url)).send().await.unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    let (plain, mut packed) = (reply.bytes().await.unwrap(), Vec::new());
    let best = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut plain.as_ref(), &mut packed, &best).unwrap();
    packed.len()
}

/// Bytes of a page as they are sent to a browser that takes Brotli.
async fn wire(server: &Server, person: &Person, path: &str) -> usize {
    let sent = http().get(format!("{}{path}", server.url)).header("cookie", &person.cookie);
    let reply = sent.header("accept-encoding", "br, gzip").send().await.unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    assert_eq!(reply.headers()["content-encoding"], "br", "{path}");
    reply.bytes().await.unwrap().len()
}

/// The page itself, its styles and its scripts.
async fn weigh(server: &Server, person: &Person, path: &str) -> (usize, usize, usize) {
    let (status, html) = person.page(path).await;
    assert_eq!(status, 200, "{path}");
    let needs = |ending: &str| {
        let all = html.split('"').filter(|part| part.starts_with('/') && part.ends_with(ending));
        all.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let (mut styles, mut scripts) = (0, 0);
    for one in needs(".css") {
        styles += asset(server, &one).await;
    }
    for one in needs(".js") {
        scripts += asset(server, &one).await;
    }
    assert!(styles > 0 && scripts > 0);
    (wire(server, person, path).await, styles, scripts)
}

#[tokio::test]
async fn pages_are_light() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let number = server.deliver(SEED).await["number"].to_string();
    server.run_jobs().await;
    let own = serde_json::from_str::<serde_json::Value>(SEED).unwrap()["routing"]["sid"].as_str().unwrap().to_owned();
    for at in 0..60 {
        let (id, name) = (format!("{at:08}-0000-4000-8000-000000000000"), format!("desktop-{:x}", at * 7919));
        server.deliver(&seed_with(&[(&seed_id(), &id), (&own, &id), ("desktop-4kq7m2x", &name)])).await;
    }
    server.run_jobs().await;
    let (page, styles, scripts) = weigh(&server, &ana, &format!("/cases/{number}")).await;
    println!("case page {page}, styles {styles}, scripts {scripts}: {} bytes", page + styles + scripts);
    assert!(page + styles + scripts <= 60 * 1024, "the case page");
    assert!(styles <= 12 * 1024, "styles");
    assert!(scripts <= 12 * 1024, "scripts");
    let (page, styles, scripts) = weigh(&server, &ana, "/cases?view=open&group=off").await;
    println!("queue of 50 rows {page}: {} bytes", page + styles + scripts);
    assert!(page + styles + scripts <= 45 * 1024, "the queue of 50 rows");
}
