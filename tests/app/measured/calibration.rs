//! Stated confidence against measured correctness: bins, error, and a voter that becomes another one.
use super::{declare, low, newest, triaged};
use crate::support::{Person, Server, add_org, fakes, spawn_with};
use fusionsoc::domain::Role;
use fusionsoc::voters::VoterConfig;
use wiremock::MockServer;

/// A server whose panel is one model, which is asked about every case anew.
async fn one(name: &str, verdict: &str, confidence: u32) -> (Server, MockServer) {
    let model = fakes::ollama(name, &low(verdict, confidence)).await;
    let voter = VoterConfig { timeout_s: 20, ..VoterConfig::ollama(name, &model.uri(), name) };
    let change = |config: &mut fusionsoc::config::Config| {
        (config.voters, config.panel.reuse_minutes) = (vec![voter], 0);
    };
    (spawn_with(change).await, model)
}

async fn says(model: &MockServer, name: &str, verdict: &str, confidence: u32) {
    fakes::replace(model, name, fakes::DIGEST, &low(verdict, confidence)).await;
}

/// What the Models page says of one voter's calibration, or of the panel's.
async fn told(person: &Person, name: &str) -> String {
    let page = person.page("/models").await.1;
    let section = &page[page.find("id=\"h-calibration\"").expect("the section")..];
    let start = section.find(&format!("<h3>{name} <small>")).expect("the voter");
    let figures = section[start..].split("</article>").next().unwrap();
    let drift = section.split_once(&format!("<h3>{name} before and since it changed</h3>"));
    let drift = drift.map_or("", |(_, rest)| rest.split("<h3>").next().unwrap());
    format!("{figures}{drift}")
}

/// What a case's page says of the vote of `a`.
async fn vote(person: &Person, case: i64) -> String {
    let page = person.page(&format!("/cases/{case}")).await.1;
    let start = page.find("<h3>a <small>primary").expect("the vote");
    page[start..].split("</article>").next().unwrap().to_owned()
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn declarations_move_bins_and_error_at_once_and_their_undo_takes_them_out() {
    let (server, model) = one("a", "false_positive", 90).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    has(&told(&ana, "a").await, &["Not measured yet: no case that it decided was declared."]);
    for (number, declared) in ["false_positive", "benign_true_positive", "true_positive"].into_iter().enumerate() {
        let case = triaged(&server, number).await;
        declare(&ana, case, declared).await;
    }
    says(&model, "a", "false_positive", 60).await;
    for number in 3..5 {
        let case = triaged(&server, number).await;
        declare(&ana, case, "false_positive").await;
    }
    says(&model, "a", "needs_review", 70).await;
    let review = triaged(&server, 5).await;
    declare(&ana, review, "true_positive").await;
    // By hand: (3 · |0.9 − 2/3| + 2 · |0.6 − 1|) / 5 = (0.7 + 0.8) / 5 = 0.30; stated (3 · 0.9 + 2 · 0.6) / 5 = 0.78.
    let row = |cells: [&str; 6]| {
        let rest = cells[1..].join("</td><td class=\"r\">");
        format!("<tr><th scope=\"row\" class=\"nw\">{}</th><td class=\"r\">{rest}</td></tr>", cells[0])
    };
    for name in ["a", "The panel"] {
        let told = told(&ana, name).await;
        has(&told, &["Stated 0.78 on average; right in 4 of 5 (", "Expected calibration error 0.30 ("]);
        has(&told, &["Too few to tell: 5 of the 30 decided cases", "<circle cx=\"198\" cy=\"70\" r=\"4\"/>"]);
        has(&told, &[&row(["0.6 to 0.7", "0.60", "2", "2", "1.00", "0.22–1.00"])]);
        has(&told, &[&row(["0.9 to 1.0", "0.90", "3", "2", "0.67", "0.13–0.99"])]);
        assert!(!told.contains("0.7 to 0.8"), "a review decides nothing: {told}");
    }
    let event = newest(&server, 3, "verdict").await["id"].to_string();
    assert_eq!(ana.post("/cases/3/undo", &[("event", &event)]).await.status(), 303);
    // (2 · 0.1 + 2 · 0.4) / 4 = 0.25.
    let after = told(&ana, "a").await;
    has(&after, &["Stated 0.75 on average; right in 4 of 4 (", "Expected calibration error 0.25 ("]);
    declare(&ana, 1, "undetermined").await;
    has(&told(&ana, "a").await, &["right in 3 of 3 ("]);
}

#[tokio::test]
async fn a_new_digest_begins_anew_and_what_changed_is_told() {
    let (server, model) = one("a", "false_positive", 90).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    for number in 0..31 {
        let case = triaged(&server, number).await;
        declare(&ana, case, "false_positive").await;
    }
    let before = told(&ana, "a").await;
    has(&before, &["right in 31 of 31 (0.90–1.00)", "Expected calibration error 0.10 ("]);
    assert!(!before.contains("Too few") && !before.contains("before and since"), "{before}");
    let old = triaged(&server, 40).await;
    has(&vote(&ana, old).await, &["says 0.90; right in 31 of 31 such cases (0.90–1.00)"]);
    fakes::replace(&model, "a", "beef00112233445566", &low("false_positive", 90)).await;
    let case = triaged(&server, 41).await;
    let page = ana.page("/models").await.1;
    has(&page, &["a changed on 20", " (digest a2af6cc3eb7f… → beef00112233…): 0 declared cases since."]);
    let shown = told(&ana, "a").await;
    has(&shown, &["Not measured yet", "What was measured before belongs to another model or prompt."]);
    has(&shown, &["a, digest a2af6cc3eb7f, prompt ", "Too few to tell whether it is right more or less often"]);
    assert!(!vote(&ana, case).await.contains("such cases"), "nothing is known of the new one");
    assert!(vote(&ana, old).await.contains("31 of 31 such cases"), "the old vote stays its own");
    declare(&ana, case, "true_positive").await;
    for number in 42..45 {
        let case = triaged(&server, number).await;
        declare(&ana, case, "true_positive").await;
    }
    // Fisher: 31 of 31 against 0 of 4, p = 1 / C(35, 4) = 0.0000191.
    let since = told(&ana, "a").await;
    has(&since, &["It is right less often than before, beyond chance (Fisher", " 0.001)."]);
    has(&since, &["right in 0 of 4 (", "<td class=\"r\">31</td>", "<td class=\"r\">4</td>"]);
    has(&ana.page("/models").await.1, &["4 declared cases since."]);
    has(&told(&ana, "The panel").await, &["A voter changed: in part this was measured of another model or prompt."]);
}

#[tokio::test]
async fn an_earlier_model_that_comes_back_has_its_figures_again() {
    let (server, model) = one("a", "false_positive", 90).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let first = triaged(&server, 0).await;
    declare(&ana, first, "false_positive").await;
    fakes::replace(&model, "a", "beef", &low("false_positive", 80)).await;
    let second = triaged(&server, 1).await;
    declare(&ana, second, "true_positive").await;
    has(&told(&ana, "a").await, &["right in 0 of 1 (", "<td class=\"r\">1 of 1 (0.05–1.00)</td>"]);
    says(&model, "a", "needs_review", 90).await;
    let third = triaged(&server, 2).await;
    declare(&ana, third, "true_positive").await;
    has(&told(&ana, "a").await, &["Stated 0.90 on average; right in 1 of 1 ("]);
    let page = ana.page("/models").await.1;
    has(&page, &["(digest beef… → a2af6cc3eb7f…): 2 declared cases since, of which it decided 1."]);
}

#[tokio::test]
async fn another_model_name_and_another_prompt_are_told_as_such() {
    let (server, _model) = one("a", "false_positive", 90).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = triaged(&server, 0).await;
    declare(&ana, case, "false_positive").await;
    // As it is where the voter was set up with another model, and the program had other prompts.
    for table in ["voter_versions", "calibration", "measured"] {
        let sql = format!("UPDATE {table} SET model = 'older', prompt_version = '2025-1' WHERE voter = 'a'");
        server.sql(&sql).await;
    }
    let page = ana.page("/models").await.1;
    has(&page, &["a is set to a and has not answered yet; before it was older."]);
    has(&told(&ana, "a").await, &["What was measured before belongs to another model or prompt."]);
    triaged(&server, 1).await;
    let page = ana.page("/models").await.1;
    has(&page, &["(model older → a, prompt 2025-1 → 20", "): 0 declared cases since."]);
    assert!(!page.contains("digest a2af6cc3eb7f… →"), "what is the same is no change: {page}");
}

#[tokio::test]
async fn a_hostile_name_is_text_and_organisations_are_apart() {
    let (name, digest) = ("<img src=x onerror=alert(1)>\u{202E}", "\"><script>1</script>");
    let (server, model) = one(name, "false_positive", 90).await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let case = triaged(&server, 0).await;
    declare(&ana, case, "false_positive").await;
    fakes::replace(&model, name, digest, &low("false_positive", 90)).await;
    let other = triaged(&server, 1).await;
    declare(&ana, other, "false_positive").await;
    let page = ana.page("/models").await.1;
    let section = page[page.find("id=\"h-calibration\"").unwrap()..].split("</section>").next().unwrap();
    has(section, &["⟨U+202E⟩", "right in 1 of 1 ("]);
    assert!(page.contains("changed on 20"), "{page}");
    assert!(!page.contains("<img src=x") && !page.contains("<script>1"), "{page}");
    let rival = add_org(&server.app.store, "rival", None).await;
    let rita = server.sign_in_to(rival, "rita", Role::Lead).await;
    let page = rita.page("/models").await.1;
    let section = page[page.find("id=\"h-calibration\"").unwrap()..].split("</section>").next().unwrap();
    has(section, &["Not measured yet: no case that it decided was declared."]);
    assert!(!section.contains("right in 1 of") && !section.contains("<circle"), "{section}");
    assert!(!section.contains("before and since"), "what was measured elsewhere is not compared here: {section}");
}
