//! The page that describes the API: it is made of the document, and its examples can be run.
use crate::support::{SEED, Server, http, spawn};
use fusionsoc::domain::role::Scope;
use serde_json::Value;
use std::collections::BTreeSet;

/// The page as somebody gets it who is not signed in.
async fn page(server: &Server) -> String {
    let reply = http().get(format!("{}/api/docs", server.url)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let policy = reply.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let html = reply.text().await.unwrap();
    for inline in ["<script", "<style", " style=", " onclick="] {
        assert!(!html.contains(inline), "{inline}");
    }
    html
}

/// Path, method and description of each call.
fn calls(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            all.push((path.clone(), method.to_uppercase(), call.clone()));
        }
    }
    assert!(all.len() > 15);
    all
}

/// The part of the page about a call.
fn part<'a>(html: &'a str, method: &str, path: &str) -> &'a str {
    let head = format!("<span class=\"tag\">{method}</span> {path}</h3>");
    let from = html.find(&head).unwrap_or_else(|| panic!("{method} {path}"));
    html[from..].split("</section>").next().unwrap()
}

#[tokio::test]
async fn every_call_of_the_document_is_on_the_page_in_its_group() {
    let server = spawn().await;
    let (html, document) = (page(&server).await, server.get("/api/openapi.json").await);
    let groups: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let places: Vec<usize> =
        groups.iter().map(|name| html.find(&format!(">{name}</h2>")).unwrap_or_else(|| panic!("{name}"))).collect();
    assert!(places.is_sorted());
    for (path, method, call) in calls(&document) {
        let tags = call["tags"].as_array().unwrap();
        assert_eq!(tags.len(), 1, "{method} {path}: {tags:?}");
        let group = groups.iter().position(|name| *name == tags[0]).unwrap();
        let shown = part(&html, &method, &path);
        let at = html.find(shown).unwrap();
        assert!(at > places[group] && places.get(group + 1).is_none_or(|next| at < *next), "{method} {path}");
        let scope = call["security"][0]["token"][0].as_str().unwrap();
        assert!(shown.contains(&format!("Scope of the token: <code>{scope}</code>")), "{shown}");
        for one in call["parameters"].as_array().into_iter().flatten() {
            let name = one["name"].as_str().unwrap();
            assert!(shown.contains(&format!("class=\"mono\">{name}</th>")), "{name}: {shown}");
        }
    }
    assert_eq!(html.matches("<section class=\"panel\"").count(), calls(&document).len());
    let note = part(&html, "POST", "/api/v1/cases/{number}/notes");
    assert!(note.contains("1 to 65536 characters") && note.contains("<td data-l=\"Needed\">yes</td>"), "{note}");
    let delivery = part(&html, "POST", "/api/v1/detections");
    assert!(delivery.contains(">rejected[].error</th>") && delivery.contains("application/x-ndjson"), "{delivery}");
    assert!(
        html.matches(" id=\"").count()
            == html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect::<BTreeSet<_>>().len()
    );
}

#[tokio::test]
async fn the_scopes_that_it_names_are_those_that_are_asked_for() {
    let server = spawn().await;
    server.deliver(SEED).await;
    let document = server.get("/api/openapi.json").await;
    for scope in Scope::ALL {
        let token = crate::support::add_token(&server.app.store, server.org_id, &[*scope]).await;
        for (path, method, call) in calls(&document) {
            let path = path.replace("{number}", "999").replace("{type}", "host").replace("{value}", "nowhere.example");
            let url = format!("{}{path}?q=expand", server.url);
            let asked = http().request(method.parse().unwrap(), &url).bearer_auth(&token).body("");
            let status = asked.send().await.unwrap().status().as_u16();
            let named = call["security"][0]["token"][0] == scope.as_str();
            assert_eq!(status != 403, named, "{scope} {method} {path}: {status}");
            assert_ne!(status, 401, "{method} {path}");
        }
    }
}

/// An example of the page: method, address and body.
fn example(line: &str) -> (String, String, Option<String>) {
    let quoted = |rest: &str| rest.split('\'').nth(1).unwrap().to_owned();
    let method = line.split_once(" -X ").map_or("GET", |(_, rest)| rest.split(' ').next().unwrap());
    let body = line.split_once(" -d ").map(|(_, rest)| quoted(rest));
    (method.to_owned(), quoted(line), body.or_else(|| line.contains("@detection.json").then(|| SEED.to_owned())))
}

#[tokio::test]
async fn the_examples_can_be_run() {
    let server = spawn().await;
    let token = crate::support::add_token(&server.app.store, server.org_id, Scope::ALL).await;
    server.deliver(SEED).await;
    let html = page(&server).await.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#39;", "'");
    let mut run = 0;
    for line in html.split("<p class=\"cmd\"><code>").skip(1).map(|rest| rest.split("</code>").next().unwrap()) {
        let (method, url, body) = example(line);
        let path = url.strip_prefix(&server.app.config.public_url()).unwrap_or_else(|| panic!("{line}"));
        assert!(line.contains("-H 'Authorization: Bearer fsoc_…'"), "{line}");
        assert_eq!(line.starts_with("curl -sSN "), path == "/api/v1/stream", "{line}");
        let mut asked = http().request(method.parse().unwrap(), format!("{}{path}", server.url)).bearer_auth(&token);
        if let Some(body) = body {
            let media = line.split("Content-Type: ").nth(1).unwrap().split('\'').next().unwrap().to_owned();
            asked = asked.header("content-type", media).body(body);
        }
        let reply = asked.send().await.unwrap();
        let status = reply.status().as_u16();
        // One case can't be merged with itself, and acting needs a sensor that is set up.
        assert!(status < 300 || [404, 409, 422].contains(&status), "{line}\n{status} {:?}", reply.text().await);
        run += 1;
    }
    assert_eq!(run, calls(&server.get("/api/openapi.json").await).len());
}
