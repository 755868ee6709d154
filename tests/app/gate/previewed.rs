//! A change of policy is played through the gates before it is saved.
use super::Desk;
use fusionsoc::domain::AutoClose;

/// Clean reviews that a first look at one in ten takes.
const TENTH: usize = 34;

/// What is said of a change.
async fn tried(desk: &Desk, fields: &[(&str, &str)]) -> String {
    let form = [fields, &[("version", "0")]].concat();
    let reply = desk.lea.post("/admin/policy/acme/preview", &form).await;
    assert_eq!(reply.status(), 200);
    let page = reply.text().await.unwrap();
    let said = page.split("id=\"would-acme\"").nth(1).and_then(|after| after.split("</ul>").next());
    said.unwrap_or_default().to_owned()
}

/// One in a hundred may be missed, and the machine only watches as long as the organisation sets nothing.
async fn watching() -> Desk {
    Desk::new(|config| {
        config.policy.limit = 0.01;
        config.policy.auto_close = AutoClose::Auto;
    })
    .await
}

#[tokio::test]
async fn a_preview_says_what_the_machine_would_have_closed_alone() {
    let mut desk = watching().await;
    desk.clean(TENTH).await;
    let more = desk.cases(4).await;
    desk.declare(more[0], "false_positive").await;
    desk.declare(more[1], "benign_true_positive").await;
    desk.declare(more[2], "true_positive").await;
    let all = TENTH + 5;
    let said = tried(&desk, &[("limit", "10")]).await;
    let text = format!("Of these {all} cases, the machine would have closed 4 alone with this change, instead of 0.");
    assert!(said.contains(&text), "{said}");
    assert!(said.contains("1 of these declared true positive, of 3 that were decided: "), "{said}");
    assert!(said.contains(&format!("href=\"/cases/{}\"", more[2])), "{said}");
    assert!(said.contains("1 of these not decided."), "{said}");
    assert!(said.contains("No other of the last 10000 cases counts as evidence; whatever proved itself"), "{said}");

    // Nothing is closed alone where the machine only watches, and all is reviewed where people come first.
    for (field, value) in [("auto_close", "shadow"), ("blind_first", "true")] {
        let said = tried(&desk, &[("limit", "10"), (field, value)]).await;
        assert!(said.contains("would have closed 0 alone, with this change or without it."), "{field}: {said}");
    }
    let said = tried(&desk, &[("limit", "10"), ("auto_close", "propose")]).await;
    assert!(said.contains("It would have proposed to close 4 of them."), "{said}");
    let said = tried(&desk, &[("limit", "2")]).await;
    assert!(said.contains("Nothing here would have proven itself by enough reviews."), "{said}");
    let said = tried(&desk, &[("limit", "10"), ("veto_severity", "medium")]).await;
    assert!(said.contains("would have closed 0 alone"), "{said}");
}

#[tokio::test]
async fn a_preview_rests_on_what_was_decided_before_its_cases() {
    let mut desk = watching().await;
    desk.clean(TENTH).await;
    // Of what was removed, or is too large to read, nobody can tell what other vetoes would have said.
    desk.server.sql("UPDATE detections SET raw = ''").await;
    let more = desk.cases(3).await;
    let long = " ".repeat(70_000);
    desk.server.sql(&format!("UPDATE detections SET raw = raw || '{long}' WHERE case_number = {}", more[0])).await;
    let said = tried(&desk, &[("limit", "10")]).await;
    assert!(said.contains("cases, the machine would have closed 2 alone with this change, instead of 0."), "{said}");
    assert!(said.contains("2 of these not decided."), "{said}");
    // The first of the behaviour is one more that was removed, and was never eligible.
    let left_out = format!("{} cases left out, because documents were removed or are too large.", TENTH + 2);
    assert!(said.contains(&left_out), "{said}");
    let evidence =
        format!("Of the last 10000 cases, {} more that the vote would have let be closed, since 2", TENTH + 1);
    assert!(said.contains(&evidence), "{said}");
}
