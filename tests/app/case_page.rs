//! The case page of several detections: one tree, every event readable, encoded text on request, lanes of the
//! timeline, runs compared; and what attackers may write into any of it.

use crate::support::{SEED, Server, spawn};
use base64::Engine;
use fusionsoc::domain::Role;
use serde_json::{Value, json};
use std::io::Write;

/// The seed's own process.
const OWN: &str = "c4096be17fa25d83e1b07c9469bb97d4";

/// The seed as another detection of the same case, changed.
fn detection(id: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut document: Value = serde_json::from_str(SEED).unwrap();
    document["detect_id"] = json!(id);
    let mut detect = document["detect"].take();
    for routing in [&mut document["routing"], &mut detect["routing"]] {
        routing["event_id"] = json!(format!("event-{id}"));
    }
    document["detect"] = detect;
    change(&mut document);
    let routing = document["routing"].clone();
    document["detect"]["routing"] = routing;
    document.to_string()
}

/// Another child of the seed's parent.
fn sibling(id: &str, pid: i64, atom: &str) -> String {
    detection(id, |document| {
        document["cat"] = json!("A shell below an updater");
        document["routing"]["this"] = json!(atom);
        document["routing"]["event_time"] = json!(1_773_901_790_000_i64);
        let event = &mut document["detect"]["event"];
        event["FILE_PATH"] = json!("C:\\Windows\\System32\\cmd.exe");
        event["COMMAND_LINE"] = json!("cmd.exe /c whoami");
        event["PROCESS_ID"] = json!(pid);
    })
}

fn network(id: &str, parent: &str) -> String {
    detection(id, |document| {
        document["cat"] = json!("expand.exe speaks to the outside");
        document["routing"]["event_type"] = json!("NETWORK_CONNECTIONS");
        document["routing"]["this"] = json!("00000000000000000000000000000001");
        document["routing"]["parent"] = json!(parent);
        document["routing"]["event_time"] = json!(1_773_901_800_000_i64);
        document["detect"]["event"] = json!({
            "FILE_PATH": "C:\\WINDOWS\\SysWOW64\\expand.exe", "PROCESS_ID": 10652,
            "NETWORK_ACTIVITY": [{"DESTINATION": {"IP_ADDRESS": "198.51.100.77", "PORT": 443}, "IS_OUTGOING": 1,
                "SOURCE": {"IP_ADDRESS": "192.168.10.40", "PORT": 50_000}, "PROTOCOL": "tcp4"}],
        });
    })
}

async fn deliver(server: &Server, detections: &[String]) {
    for detection in detections {
        server.deliver(detection).await;
    }
    server.run_jobs().await;
}

fn text(page: &str) -> String {
    page.replace("<wbr>", "").replace("&#39;", "'").replace("&#34;", "\"")
}

/// A part of the page, from its id to the end of its section.
fn section<'p>(page: &'p str, id: &str) -> &'p str {
    let start = page.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("the page has {id}"));
    let end = page[start..].find("</section>").map_or(page.len(), |end| start + end);
    &page[start..end]
}

#[tokio::test]
async fn processes_of_all_detections_are_one_tree() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let all = [SEED.to_owned(), sibling("shell", 777, "11111111111111111111111111111111"), network("net", OWN)];
    deliver(&server, &all).await;
    let (status, page) = ana.page("/cases/1").await;
    assert_eq!(status, 200);
    let tree = section(&page, "process");
    assert!(tree.contains("Process tree") && tree.contains("3 detections"), "{tree}");
    for name in ["SRE.exe", "expand.exe", "cmd.exe"] {
        assert_eq!(tree.matches(&format!("<strong>{name}</strong>")).count(), 1, "{name} stands once: {tree}");
    }
    assert!(tree.contains("node d0 ghost") && tree.contains("PID 12556") && tree.contains("not in these events"));
    assert_eq!(tree.matches("class=\"node d2 hit-n\"").count(), 2, "both children were detected");
    assert!(tree.contains("4 min 03 s after its parent"));
    let (expand, shell) = (tree.find("<strong>expand.exe").unwrap(), tree.find("<strong>cmd.exe").unwrap());
    let connection = tree.find("NETWORK_CONNECTIONS").unwrap();
    assert!(expand < connection && connection < shell, "the connection hangs under the process that made it");
    let anchors: Vec<&str> = tree.split("href=\"#d").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(anchors.len(), 3);
    for anchor in anchors {
        assert_eq!(page.matches(&format!("<article class=\"det\" id=\"d{anchor}\"")).count(), 1);
    }
    assert!(
        text(&page).contains("cmd.exe /c whoami") && page.contains("198[.]51[.]100[.]77"),
        "each event is readable"
    );
}

#[tokio::test]
async fn one_detection_keeps_its_chain() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[SEED.to_owned()]).await;
    let page = ana.page("/cases/1").await.1;
    assert!(section(&page, "process").contains("Process chain"));
    assert_eq!(page.matches("<article class=\"det\"").count(), 1);
    assert!(page.matches('<').count() / 2 < 2_500, "{} tags", page.matches('<').count());
}

#[tokio::test]
async fn hostile_trees_end() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut all = Vec::new();
    for at in 0..90_i64 {
        // Each claims that the next one is its parent, and the last one that the first is.
        all.push(detection(&format!("ring{at}"), |document| {
            document["routing"]["this"] = json!(format!("ring{:028}", at));
            document["routing"]["parent"] = json!(format!("ring{:028}", (at + 1) % 90));
            document["routing"]["event_time"] = json!(1_773_901_790_000_i64 + at);
            let event = &mut document["detect"]["event"];
            event["FILE_PATH"] = json!(format!("C:\\{}\\{at}.exe", "very_long_".repeat(800)));
            event["COMMAND_LINE"] = json!("A".repeat(9_000));
            event["PROCESS_ID"] = json!(at);
            event["PARENT"]["PROCESS_ID"] = json!((at + 1) % 90);
        }));
    }
    deliver(&server, &all).await;
    let (_, first) = ana.page("/cases/1").await;
    assert!(first.len() < 3_000_000, "{} bytes", first.len());
    assert!(first.matches('<').count() / 2 < 12_000, "{} tags", first.matches('<').count());
    assert!(section(&first, "process").contains("90 detections"), "all are of one case");
    let (status, list) = ana.page("/cases/1/detections").await;
    assert_eq!(status, 200);
    assert!(list.contains("<article class=\"det\""));
}

#[tokio::test]
async fn many_detections_are_paged() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut all = vec![SEED.to_owned()];
    for at in 0..24_i64 {
        all.push(sibling(&format!("shell{at}"), 1_000 + at, &format!("shell{at:027}")));
    }
    deliver(&server, &all).await;
    let page = ana.page("/cases/1").await.1;
    assert_eq!(page.matches("<article class=\"det\"").count(), 20);
    assert!(page.contains("Show all 25"));
    let mut seen = 0;
    let mut next = Some("/cases/1/detections".to_owned());
    while let Some(path) = next {
        let (status, list) = ana.page(&path).await;
        assert_eq!(status, 200, "{path}");
        seen += list.matches("<article class=\"det\"").count();
        let link = list.split("rel=\"next\" href=\"").nth(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        next = link;
    }
    assert_eq!(seen, 25, "each detection stands on one page");
    assert_eq!(section(&page, "process").matches("<strong>cmd.exe</strong>").count(), 24, "the tree has them all");
    assert_eq!(ana.page("/cases/1/detections?only=999999").await.0, 404);
    let other =
        server.sign_in_to(crate::support::add_org(&server.app.store, "other", None).await, "eve", Role::Analyst).await;
    assert_eq!(other.page("/cases/1/detections").await.0, 404, "another organisation's detections don't exist");
}

/// The addresses of all "Decode" links.
fn decodes(page: &str) -> Vec<String> {
    let links = page.split("<a class=\"btn sm\" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    links
        .filter(|link| link.contains("/decode?"))
        .map(|link| link.replace("&#38;", "&").replace("&amp;", "&"))
        .collect()
}

fn with_command(line: &str) -> String {
    detection("enc", |document| document["detect"]["event"]["COMMAND_LINE"] = json!(line))
}

#[tokio::test]
async fn encoded_text_is_read_on_request() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let inner = base64::engine::general_purpose::STANDARD.encode("Write-Host '<script>alert(1)</script> done'");
    let script = format!("IEX ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{inner}')))");
    let wide: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let line = format!("powershell.exe -enc {}", base64::engine::general_purpose::STANDARD.encode(wide));
    deliver(&server, &[with_command(&line)]).await;
    let page = ana.page("/cases/1").await.1;
    let links = decodes(&page);
    assert_eq!(links.len(), 1, "{page}");
    let (status, decoded) = ana.page(&links[0]).await;
    assert_eq!(status, 200);
    let shown = text(&decoded);
    assert!(shown.contains("Base64, UTF-16") && shown.contains("FromBase64String"), "{shown}");
    assert!(shown.contains("Layer 2") && shown.contains("Write-Host"), "what is encoded inside is read as well");
    assert!(!decoded.contains("<script>alert"), "it is text");
    for wrong in ["at=0", "at=99999", "field=%2FNOTHING"] {
        let (name, _) = wrong.split_once('=').unwrap();
        let others: Vec<&str> = links[0].split('&').filter(|part| !part.starts_with(&format!("{name}="))).collect();
        assert_eq!(ana.page(&format!("{}&{wrong}", others.join("&"))).await.0, 404, "{wrong}");
    }
}

#[tokio::test]
async fn a_bomb_gives_its_beginning() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b'x'; 40 * 1024 * 1024]).unwrap();
    let line = format!("run {}", base64::engine::general_purpose::STANDARD.encode(packed.finish().unwrap()));
    deliver(&server, &[with_command(&line)]).await;
    let links = decodes(&ana.page("/cases/1").await.1);
    assert_eq!(links.len(), 1);
    let decoded = ana.page(&links[0]).await.1;
    assert!(decoded.contains("gzip") && decoded.contains("the first 64 KiB"));
    assert!(decoded.len() < 100 * 1024, "{} bytes", decoded.len());
}

#[tokio::test]
async fn paths_hashes_and_plain_words_offer_nothing_to_decode() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[SEED.to_owned()]).await;
    assert_eq!(decodes(&ana.page("/cases/1").await.1), Vec::<String>::new());
}

#[tokio::test]
async fn hidden_and_look_alike_letters_are_told() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let line = "invoice\u{202e}gpj.exe";
    deliver(&server, &[with_command(line)]).await;
    let page = ana.page("/cases/1").await.1;
    let process = section(&page, "process");
    assert!(process.contains("Holds characters that hide or reorder text"));
    assert!(text(process).contains("invoice⟨U+202E⟩gpj.exe"));
    assert!(process.contains(&format!("data-copy=\"{line}\"")), "what is copied is the original");
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[with_command("C:\\Windows\\sv\u{0441}host.exe -k netsvcs")]).await;
    assert!(ana.page("/cases/1").await.1.contains("Mixes letters of several scripts that look alike"));
}

#[tokio::test]
async fn a_long_command_line_folds() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    let line = format!("tool.exe {} the-end", "word ".repeat(1_679));
    deliver(&server, &[with_command(&line)]).await;
    let page = ana.page("/cases/1").await.1;
    assert!(page.contains(&format!("Show all 8,{:03} characters", line.len() - 8_000)), "{}", line.len());
    assert!(page.contains("the-end</pre>"));
}

#[tokio::test]
async fn the_timeline_has_lanes() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[SEED.to_owned()]).await;
    ana.post("/cases/1/severity", &[("severity", "high")]).await;
    let entries = |page: String| section(&page, "timeline").to_owned();
    let all = entries(ana.page("/cases/1").await.1);
    let people = entries(ana.page("/cases/1?who=people").await.1);
    let machine = entries(ana.page("/cases/1?who=machine").await.1);
    assert!(all.contains("pt hum") && all.contains("by ana") && all.contains(">run 1</a>"));
    assert!(people.contains("by ana") && !people.contains(">run 1</a>"));
    assert!(!machine.contains("by ana") && machine.contains(">run 1</a>"));
    assert_eq!(ana.page("/cases/1?who=nobody").await.0, 400);
}

#[tokio::test]
async fn two_runs_are_compared() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    deliver(&server, &[SEED.to_owned()]).await;
    assert!(!ana.page("/cases/1").await.1.contains("Compare with run"));
    ana.post("/cases/1/triage", &[]).await;
    server.run_jobs().await;
    let page = ana.page("/cases/1").await.1;
    assert!(page.contains("asked by ana") && page.contains("/cases/1?run=2&amp;against=1#compared"));
    let page = ana.page("/cases/1?run=2&against=1").await.1;
    let votes = section(&page, "votes");
    assert!(votes.contains("Run 2 against run 1") && votes.contains("verdict the same"), "{votes}");
    let earlier = ana.page("/cases/1?run=1").await.1;
    assert!(section(&earlier, "votes").contains("run 1,"), "an earlier run stays readable");
}
