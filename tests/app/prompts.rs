//! Prompt versions: kept when first used, listed with their votes, compared line by line.

use crate::support::{SEED, Server, fakes, spawn, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::store::prompts::{self, Kept};
use fusionsoc::triage::template::{self, Template};
use fusionsoc::voters::VoterConfig;
use wiremock::ResponseTemplate;

/// An older version with another first line, a line less in the user message, and the same form.
fn older(version: &str) -> Kept {
    let Template { system, user, schema, .. } = template::current().clone();
    Kept {
        version: version.to_owned(),
        digest: "0123456789abcdef".to_owned(),
        system: system.replacen("You are one of several", "You are <one> of many", 1),
        user_template: user.replace("{{PFX}}| user_name: \"[USER_NAME]\"\n", ""),
        schema,
        first_ms: 1_790_000_000_000,
        votes: 0,
    }
}

async fn keep(server: &Server, kept: &Kept) {
    let mut tx = server.app.store.write().await.unwrap();
    assert_eq!(prompts::used(&mut tx, kept).await.unwrap(), 1);
    assert_eq!(prompts::used(&mut tx, kept).await.unwrap(), 0, "it is kept once");
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_version_is_kept_with_its_first_use_and_its_votes_are_counted() {
    let good = fakes::ollama("m", &fakes::answer("needs_review", 60).to_string()).await;
    let bad = fakes::ollama_answering("m", ResponseTemplate::new(400)).await;
    let one = |name: &str, uri: String| VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &uri, "m") };
    let voters = vec![one("first", good.uri()), one("second", good.uri()), one("down", bad.uri())];
    let server = spawn_with(|config| config.voters = voters).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page("/models/prompts").await;
    let version = template::current().version;
    assert!(page.contains("will be sent next") && page.contains(version), "{page}");
    server.deliver(SEED).await;
    server.run_jobs().await;
    let (status, page) = ana.page("/models/prompts").await;
    assert_eq!(status, 200);
    assert!(page.contains("in use") && page.contains("<td class=\"r num\">2</td>"), "failed votes don't count: {page}");
    assert!(page.contains("the first one kept") && !page.contains("another text"));
    let (status, page) = ana.page(&format!("/models/prompts/{version}")).await;
    assert_eq!(status, 200);
    for text in
        ["You are one of several independent reviewers", "{{PFX}}| command_line:", "evidence_malicious", "2 votes were"]
    {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert_eq!(ana.page("/models/prompts/1999-1").await.0, 404);
    assert_eq!(ana.page(&format!("/models/prompts/diff?from={version}&to=1999-1")).await.0, 404);
    assert!(ana.page("/models").await.1.contains("href=\"/models/prompts\""));
}

#[tokio::test]
async fn two_versions_are_compared_line_by_line() {
    let server = spawn().await;
    keep(&server, &older("2026-01-1")).await;
    let Template { version, system, user, schema, digest } = template::current().clone();
    let now = Kept {
        version: version.to_owned(),
        digest,
        system,
        user_template: user,
        schema,
        first_ms: 1_795_000_000_000,
        votes: 0,
    };
    keep(&server, &now).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let href = format!("/models/prompts/diff?from=2026-01-1&to={version}");
    let (_, list) = ana.page("/models/prompts").await;
    assert!(list.contains(&href.replace('&', "&#38;")) || list.contains(&href), "{list}");
    let (status, page) = ana.page(&href).await;
    assert_eq!(status, 200);
    assert_eq!((page.matches("<ins>").count(), page.matches("<del>").count()), (2, 1), "{page}");
    assert!(page.contains("<del>You are &#60;one&#62; of many"), "escaped: {page}");
    assert!(page.contains("<ins>You are one of several") && page.contains("<ins>{{PFX}}| user_name:"));
    assert!(page.contains("+<span class=\"vh\"> added: </span>") && page.contains("removed: </span>"));
    assert!(page.contains("3 lines added or removed"));
    let (_, same) = ana.page(&format!("/models/prompts/diff?from={version}&to={version}")).await;
    assert!(same.contains("no line differs") && !same.contains("<ins>"));
}

#[tokio::test]
async fn another_text_under_the_same_name_is_told() {
    let server = spawn().await;
    keep(&server, &older("2026-01-1")).await;
    let other = Kept {
        digest: "fedcba9876543210".to_owned(),
        system: "Other".to_owned(),
        first_ms: 1_791_000_000_000,
        ..older("2026-01-1")
    };
    keep(&server, &other).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (_, page) = ana.page("/models/prompts").await;
    assert!(page.contains("Two texts have the same version name"), "{page}");
    assert_eq!(page.matches("another text has this name").count(), 2);
    let (status, exact) = ana.page("/models/prompts/2026-01-1~01234567").await;
    assert!(status == 200 && exact.contains("of many") && exact.contains("Another text has the same version name"));
    assert!(ana.page("/models/prompts/2026-01-1").await.1.contains(">Other</pre>"), "its newest text");
    let (_, diff) = ana.page("/models/prompts/diff?from=2026-01-1~01234567&to=2026-01-1~fedcba98").await;
    assert!(diff.contains("<ins>Other</ins>"), "{diff}");
}
