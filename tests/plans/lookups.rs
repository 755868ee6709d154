//! Questions to intelligence providers, and learning: what each asks of the store.
use crate::STATEMENTS;
use crate::support::{Server, spawn_with};
use fusionsoc::store::lookups as store;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A server with a provider that does not answer.
pub async fn server() -> Server {
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("key");
    std::fs::write(&key, "key").unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let section = json!({"virustotal": {"api_key_file": key, "base_url": "http://127.0.0.1:1"}});
    spawn_with(|config| config.intel = serde_json::from_value(section).unwrap()).await
}

/// What the worker asks the store for each question to a provider, changes included.
pub async fn caught(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    server.sql("UPDATE intel SET due_ms = 1, state = 'waiting'").await;
    server.sql("UPDATE jobs SET run_at_ms = 0").await;
    STATEMENTS.lock().unwrap().clear();
    server.run_jobs().await;
    let mut tx = server.app.store.write().await.unwrap();
    store::purge(&mut tx, 1).await.unwrap();
    drop(tx);
    let caught = std::mem::take(&mut *STATEMENTS.lock().unwrap());
    let of = |names: &[&str]| -> Vec<String> {
        let named = |sql: &&String| names.iter().any(|name| sql.contains(name)) && !sql.starts_with("INSERT");
        caught.iter().filter(named).cloned().collect()
    };
    let (looked_up, learnt) = (of(&["intel"]), of(&["learnt", "u.benign"]));
    assert!(looked_up.len() > 8 && learnt.len() > 2, "look-ups and learning were caught: {looked_up:?} {learnt:?}");
    let all = looked_up.into_iter().chain(learnt);
    all.map(|sql| (sql, BTreeSet::from(["jobs".to_owned()]))).collect()
}
