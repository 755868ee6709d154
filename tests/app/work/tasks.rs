//! Tasks: by hand, done, given, removed; what closing a true positive asks.
use super::{HOSTILE, case, closed_to_others, ledger, only, send, told};
use serde_json::json;

#[tokio::test]
async fn a_task_is_added_ticked_given_and_removed() {
    let (server, ana, number) = case().await;
    let (page, path) = (format!("/cases/{number}"), format!("/cases/{number}/tasks"));
    assert!(ana.page(&page).await.1.contains("Tasks: none."));
    let text = format!("Call {HOSTILE}");
    let fields = [("text", text.as_str()), ("assignee", "ana"), ("idempotency_key", "k1")];
    send(&ana, &path, &fields, 303).await;
    send(&ana, &path, &fields, 303).await;
    let shown = ana.page(&page).await.1;
    assert!(!shown.contains("<script>alert") && shown.contains("0 of 1 done"), "{shown}");
    assert!(!shown.contains('\u{202E}'), "control characters are shown as such");
    let task = only(&server.case(number).await, "tasks").clone();
    assert_eq!((&task["assignee"], &task["done"]), (&json!("ana"), &json!(false)));
    let at = |step: &str| format!("{path}/{}/{step}", task["id"]);
    send(&ana, &at("done"), &[], 303).await;
    send(&ana, &at("done"), &[], 303).await;
    assert_eq!(only(&server.case(number).await, "tasks")["done_by"], json!("ana"));
    assert!(ana.page(&page).await.1.contains("1 of 1 done"));
    send(&ana, &at("open"), &[], 303).await;
    send(&ana, &at("assign"), &[("assignee", "")], 303).await;
    send(&ana, &at("assign"), &[("assignee", "nobody.known")], 422).await;
    closed_to_others(&server, &at("done"), &[]).await;
    send(&ana, &at("remove"), &[], 303).await;
    send(&ana, &at("remove"), &[], 404).await;
    send(&ana, &at("explode"), &[], 404).await;
    assert_eq!(server.case(number).await["tasks"], json!([]));
    let told = told(&server, number, "task").await;
    let verbs: Vec<&str> = told.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(verbs, ["Task removed", "Task for nobody", "Task open again", "Task done", "Task for ana"]);
    assert_eq!(ledger(&server.app.store, "task").await, 5, "what changes nothing is no entry");
}

#[tokio::test]
async fn what_is_no_task_is_refused_with_the_text_kept() {
    let (server, ana, number) = case().await;
    let path = format!("/cases/{number}/tasks");
    let empty = send(&ana, &path, &[("text", "  ")], 422).await;
    assert!(empty.contains("Write what is to be done."), "{empty}");
    let long = "y".repeat(301);
    let page = send(&ana, &path, &[("text", &long)], 422).await;
    assert!(page.contains("at most 300 characters") && page.contains(&format!("value=\"{long}\"")), "{page}");
    send(&ana, &path, &[("text", "x"), ("assignee", "nobody.known")], 422).await;
    assert_eq!(server.case(number).await["tasks"], json!([]));
}

#[tokio::test]
async fn closing_a_true_positive_with_open_tasks_asks_first_and_a_false_positive_never() {
    let (server, ana, number) = case().await;
    let page = format!("/cases/{number}");
    for text in ["Isolate the host", "Reset the password"] {
        send(&ana, &format!("{page}/tasks"), &[("text", text)], 303).await;
    }
    let verdict = format!("{page}/verdict");
    let fields = [("verdict", "true_positive"), ("reason", "malware"), ("close", "true"), ("note", "kept words")];
    let asked = send(&ana, &verdict, &fields, 422).await;
    assert!(asked.contains("2 tasks are open: Isolate the host; Reset the password."), "{asked}");
    assert!(asked.contains("name=\"confirm_tasks\"") && asked.contains("kept words"), "{asked}");
    assert_eq!(server.case(number).await["verdict"], json!("pending"));
    send(&ana, &verdict, &fields[..2], 303).await;
    let status = format!("{page}/status");
    send(&ana, &status, &[("status", "closed")], 422).await;
    send(&ana, &status, &[("status", "closed"), ("confirm_tasks", "true")], 303).await;
    assert_eq!(server.case(number).await["status"], json!("closed"));
    send(&ana, &status, &[("status", "in_progress"), ("reason", "again")], 303).await;
    let benign = [("verdict", "false_positive"), ("reason", "known_application"), ("close", "true")];
    send(&ana, &verdict, &benign, 303).await;
    assert_eq!(server.case(number).await["status"], json!("closed"), "a false positive is never held back");
}

#[tokio::test]
async fn the_preview_names_open_tasks_before_a_true_positive_is_closed() {
    let (_server, ana, number) = case().await;
    send(&ana, &format!("/cases/{number}/tasks"), &[("text", "Isolate the host")], 303).await;
    let queue = ana.page("/cases?view=open").await.1;
    assert!(
        queue.contains("name=\"confirm_tasks\"") && queue.contains("Also with open tasks: Isolate the host"),
        "{queue}"
    );
    let fields = [
        ("verdict", "true_positive"),
        ("reason", "malware"),
        ("close", "true"),
        ("next", "queue"),
        ("from", "view=open"),
        ("flags", "99"),
    ];
    let asked = send(&ana, &format!("/cases/{number}/verdict"), &fields, 422).await;
    assert!(asked.contains("1 task is open: Isolate the host."), "{asked}");
    let mut confirmed = fields.to_vec();
    confirmed.push(("confirm_tasks", "true"));
    send(&ana, &format!("/cases/{number}/verdict"), &confirmed, 303).await;
}
