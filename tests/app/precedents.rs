//! Precedents at three levels, and what else the store knows of a behaviour and its host: counted, told apart, changed
//! by every declaration at once, never across organisations, and what the built-in voter makes of them.
mod facts;
mod host;
mod older;
mod vote;

use crate::support::agreeing::benign;
use crate::support::{Person, Server, add_org, add_token, http, spawn};
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// The seed's command line with something more at its end.
pub(crate) fn command(more: &str) -> String {
    format!(
        "\"C:\\WINDOWS\\SysWOW64\\expand.exe\" -r -F:* \"C:\\ProgramData\\Dell\\index.cab\" \"C:\\ProgramData\\Dell\"{more}"
    )
}

/// A detection on a host of its own with another command line.
pub(crate) fn ran(at: usize, more: &str) -> Value {
    let mut document = benign(at);
    document["detect"]["event"]["COMMAND_LINE"] = json!(command(more));
    document
}

/// The same by another program.
pub(crate) fn ran_by(at: usize, image: &str, more: &str) -> Value {
    let mut document = ran(at, more);
    document["detect"]["event"]["FILE_PATH"] = json!(image);
    document
}

/// Delivers a detection, triages it, and gives its case.
pub(crate) async fn case_of(server: &Server, document: &Value) -> i64 {
    let number = server.deliver(&document.to_string()).await["number"].as_i64().unwrap();
    server.run_jobs().await;
    number
}

pub(crate) async fn declare(person: &Person, number: i64, verdict: &str) {
    let reason = match verdict {
        "true_positive" => "malware",
        "benign_true_positive" => "expected_admin_activity",
        _ => "known_application",
    };
    let fields = [("verdict", verdict), ("reason", reason), ("close", "true")];
    let reply = person.post(&format!("/cases/{number}/verdict"), &fields).await;
    assert_eq!(reply.status(), 303, "declaring #{number}");
}

/// A section of a case's page as text.
pub(crate) async fn section(person: &Person, number: i64, id: &str) -> String {
    let (status, page) = person.page(&format!("/cases/{number}")).await;
    assert_eq!(status, 200, "{page}");
    let start = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("the page has {id}"));
    let end = page[start..].find("</section>").map_or(page.len(), |end| start + end);
    page[start..end].replace("<wbr>", "").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">")
}

/// What the page says of one level: how many were decided, and the rest of its part.
pub(crate) async fn level(person: &Person, number: i64, name: &str) -> (i64, String) {
    let text = section(person, number, "precedents").await;
    let part = text.split("<div class=\"ev\">").find(|part| part.contains(&format!("</b> {name}")));
    let part = part.unwrap_or_else(|| panic!("a level {name}: {text}")).to_owned();
    let count = part.split("<b class=\"num\">").nth(1).unwrap().split('<').next().unwrap().parse().unwrap();
    (count, part)
}

const EXACT: &str = "This very behaviour";
const FAMILY: &str = "Same rule, parent and image";
const RULE: &str = "Same rule<";

/// The counts of the three levels. The last one's name begins that of the second.
pub(crate) async fn levels(person: &Person, number: i64) -> [i64; 3] {
    let text = section(person, number, "precedents").await;
    let counts: Vec<i64> =
        text.split("<b class=\"num\">").skip(1).map(|part| part.split('<').next().unwrap().parse().unwrap()).collect();
    assert!(text.contains(EXACT) && text.contains(FAMILY) && !text.contains(RULE), "{text}");
    counts.try_into().unwrap()
}

#[tokio::test]
async fn three_levels_are_counted_and_the_nearest_of_each_is_told_apart() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let equal = case_of(&server, &ran(1, "")).await;
    let switch = case_of(&server, &ran(2, " -verbose")).await;
    let other = case_of(&server, &ran_by(3, "C:\\Windows\\System32\\extrac32.exe", "")).await;
    let open = case_of(&server, &ran(4, "")).await;
    assert_eq!(levels(&ana, open).await, [0, 0, 0], "nobody has decided anything");
    declare(&ana, equal, "false_positive").await;
    declare(&ana, switch, "benign_true_positive").await;
    declare(&ana, other, "true_positive").await;
    assert_eq!(levels(&ana, open).await, [1, 1, 1]);
    let (_, family) = level(&ana, open, FAMILY).await;
    assert!(family.contains("1 benign true positive") && family.contains("in 1 other behaviour"), "{family}");
    assert!(family.contains("<span class=\"vh\"> removed: </span></span><del>-verbose</del>"), "{family}");
    assert!(!family.contains("<ins>") && family.contains("is <span class=\"num\">0.9"), "{family}");
    let text = section(&ana, open, "precedents").await;
    let rule = text.rsplit("<div class=\"ev\">").next().unwrap();
    assert!(rule.contains("</b> Same rule") && rule.contains("1 true positive</a>"), "{rule}");
    assert!(rule.contains("<ins>image=<drive>\\windows\\syswow64\\expand.exe</ins>"), "{rule}");
    assert!(rule.contains("<del>image=<drive>\\windows\\system32\\extrac32.exe</del>"), "{rule}");
    let json = &server.case(open).await["local_evidence"];
    assert_eq!(json["precedents"][1]["nearest"]["only_there"], json!(["-verbose"]), "{json}");
    assert_eq!(json["precedents"][2]["decided"]["true_positive"], json!(1), "{json}");
    assert_eq!(json["prevalence"]["hosts"], json!(2), "{json}");
    // The link of a near behaviour leads to its case and no other.
    let link = family.split("href=\"").find(|part| part.contains("fingerprint=")).unwrap().split('"').next().unwrap();
    let (_, queue) = ana.page(&link.replace("&#38;", "&").replace("&amp;", "&")).await;
    assert!(queue.contains(&format!("/cases/{switch}")) && !queue.contains(&format!("/cases/{other}?")), "{link}");
}

#[tokio::test]
async fn a_declaration_shows_on_other_cases_at_once_and_its_undo_takes_it_out() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let first = case_of(&server, &ran(1, " -verbose")).await;
    let open = case_of(&server, &ran(2, "")).await;
    let same = case_of(&server, &ran(3, " -verbose")).await;
    declare(&ana, first, "false_positive").await;
    assert_eq!(levels(&ana, open).await, [0, 1, 0]);
    assert_eq!(levels(&ana, same).await, [1, 0, 0], "an equal one is a precedent of the nearest level alone");
    assert_eq!(levels(&ana, first).await, [0, 0, 0], "no case is a precedent of itself");
    declare(&ana, first, "true_positive").await;
    assert!(level(&ana, open, FAMILY).await.1.contains("> 1 true positive<"), "a changed mind counts once");
    assert_eq!(levels(&ana, open).await, [0, 1, 0]);
    for left in [1, 0] {
        assert_eq!(ana.post("/undo", &[]).await.status(), 303);
        assert_eq!(levels(&ana, open).await, [0, left, 0]);
    }
}

#[tokio::test]
async fn a_case_with_two_behaviours_is_no_precedent_of_its_own() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let (one, two) = (case_of(&server, &ran(1, "")).await, case_of(&server, &ran(2, " -verbose")).await);
    assert_eq!(ana.post(&format!("/cases/{two}/merge"), &[("into", &one.to_string())]).await.status(), 303);
    declare(&ana, one, "false_positive").await;
    assert_eq!(levels(&ana, one).await, [0, 0, 0]);
    let open = case_of(&server, &ran(3, "")).await;
    assert_eq!(levels(&ana, open).await, [1, 1, 0], "for another case both behaviours count");
}

#[tokio::test]
async fn near_misses_are_told_and_what_tells_trust_is_marked() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let known = case_of(&server, &ran(1, "")).await;
    declare(&ana, known, "false_positive").await;
    let mut unsigned = ran(2, "");
    unsigned["detect"]["event"]["FILE_IS_SIGNED"] = json!(0);
    let open = case_of(&server, &unsigned).await;
    let (count, family) = level(&ana, open, FAMILY).await;
    assert_eq!(count, 1);
    assert!(family.contains("<ins>signed=no</ins>") && family.contains("<del>signed=yes</del>"), "{family}");
    assert!(family.contains("differs in what tells trust"), "{family}");
    let temp = case_of(&server, &ran_by(3, "C:\\Windows\\Temp\\expand.exe", "")).await;
    assert_eq!(levels(&ana, temp).await, [0, 0, 1], "another folder is another program");
    assert!(section(&ana, temp, "precedents").await.contains("differs in what tells trust"));
}

#[tokio::test]
async fn words_of_attackers_stay_short_and_plain() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let known = case_of(&server, &ran(1, "")).await;
    declare(&ana, known, "false_positive").await;
    let hostile = format!(" <script>alert(x)</script> `**bold**` \u{202e}txt.exe {}", "z-".repeat(450));
    let open = case_of(&server, &ran(2, &hostile)).await;
    let (status, page) = ana.page(&format!("/cases/{open}")).await;
    assert!(status == 200 && !page.contains("<script>alert"));
    let (_, family) = level(&ana, open, FAMILY).await;
    assert!(family.contains("<ins>[U+202E]txt.exe</ins>") && family.contains("<ins>'**bold**'</ins>"), "{family}");
    assert!(!family.contains(&"z-".repeat(30)) && family.contains("..."), "{family}");
}

#[tokio::test]
async fn no_precedent_crosses_organisations() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, " -verbose")).await, "false_positive").await;
    let other = add_org(&server.app.store, "other", None).await;
    let token = add_token(&server.app.store, other, fusionsoc::domain::role::Scope::ALL).await;
    for document in [ran(1, ""), ran(2, " -verbose"), ran_by(3, "C:\\Windows\\System32\\extrac32.exe", "")] {
        let sent = http().post(format!("{}/api/v1/detections", server.url)).bearer_auth(&token);
        let sent = sent.header("content-type", "application/json").body(document.to_string());
        assert_eq!(sent.send().await.unwrap().status(), 202);
    }
    server.run_jobs().await;
    let eve = server.sign_in_to(other, "eve", Role::Analyst).await;
    for number in [2, 3, 4] {
        assert_eq!(levels(&eve, number).await, [0, 0, 0], "#{number}");
        let page = section(&eve, number, "local").await;
        assert!(page.contains("First time in this organisation"), "{page}");
    }
}
