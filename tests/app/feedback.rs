//! One declaration moves precedents, calibration and the rule's figures on the next page that is read; its undo moves
//! them back.
use crate::precedents::{case_of, declare, levels, ran};
use crate::support::{Person, Server, spawn};
use fusionsoc::domain::Role;

/// The precedents that another case of the behaviour shows, what the panel was measured by, and the rule's row in the
/// list of rules.
async fn figures(ana: &Person, open: i64) -> ([i64; 3], String, String) {
    let (status, models) = ana.page("/models").await;
    assert_eq!(status, 200);
    let calibration = models.split("id=\"h-calibration\"").nth(1).expect("the section");
    let panel = calibration.split("<h3>The panel <small>").nth(1).expect("the panel");
    let panel = panel.split("</article>").next().unwrap().to_owned();
    let (status, rules) = ana.page("/rules").await;
    assert_eq!(status, 200);
    let row = rules.split("<tbody>").nth(1).unwrap().split("</tr>").next().unwrap().to_owned();
    (levels(ana, open).await, panel, row)
}

async fn event(server: &Server, number: i64) -> String {
    let case = server.case(number).await;
    let entries = case["timeline"].as_array().unwrap();
    entries.iter().rfind(|entry| entry["kind"] == "verdict").unwrap()["id"].to_string()
}

#[tokio::test]
async fn a_declaration_is_on_all_three_at_once_and_so_is_its_undo() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Lead).await;
    let decided = case_of(&server, &ran(1, "")).await;
    let open = case_of(&server, &ran(2, "")).await;
    let before = figures(&ana, open).await;
    assert_eq!(before.0, [0, 0, 0]);
    assert!(before.1.contains("Not measured yet") && before.2.contains("none reviewed"), "{before:?}");
    declare(&ana, decided, "false_positive").await;
    let (precedents, panel, rule) = figures(&ana, open).await;
    assert_eq!(precedents, [1, 0, 0]);
    assert!(rule.contains("100% <span class=\"muted\">of 1</span>"), "{rule}");
    // Whatever the panel said of it: a decided case is measured, a review is not.
    let machine = server.case(decided).await["machine_verdict"].as_str().unwrap().to_owned();
    assert_eq!(panel.contains("Not measured yet"), machine == "needs_review", "{machine}: {panel}");
    assert_ne!(machine, "needs_review", "else this would show nothing of calibration");
    let undo = event(&server, decided).await;
    assert_eq!(ana.post(&format!("/cases/{decided}/undo"), &[("event", &undo)]).await.status(), 303);
    assert_eq!(figures(&ana, open).await, before);
}
