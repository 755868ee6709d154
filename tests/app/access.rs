//! The table of routes, walked as nobody, in every role, and as a stranger; what was denied stands in the ledger.
mod approvals;
mod audit;
mod quiet;
mod walk;

use crate::support::{Person, Server, http, seed_id, seed_with};
use fusionsoc::domain::Role;
use fusionsoc::store::Store;
use fusionsoc::web::routes::{self, Route};

/// A route with an example.
struct Example {
    route: Route,
    address: String,
    body: String,
    /// What is there and what is not, where the example names an object.
    objects: Option<(String, String)>,
}

impl Example {
    /// Address and body for an object.
    fn of(&self, object: &str) -> (String, String) {
        (self.address.replace('#', object), self.body.replace('#', object))
    }

    /// Address and body for what is not there.
    fn absent(&self) -> (String, String) {
        self.of(self.objects.as_ref().map_or("", |(_, absent)| absent))
    }
}

/// The examples; each route of the table has one.
fn examples() -> Vec<Example> {
    let lines = include_str!("../fixtures/routes.txt").lines().filter(|line| !line.starts_with('#'));
    let known: Vec<Vec<&str>> = lines.map(|line| line.split('|').map(str::trim).collect()).collect();
    let example = |route: Route| {
        let name = format!("{} {}", route.method, route.path);
        let cells = known.iter().find(|cells| cells[0] == name).unwrap_or_else(|| panic!("no example for {name}"));
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default().to_owned();
        let (address, body) = (cell(1), cell(2));
        let pair = cell(3).split_once(',').map(|(one, other)| (one.to_owned(), other.to_owned()));
        let objects = pair.or_else(|| Some(("1".to_owned(), "999".to_owned())));
        let objects = objects.filter(|_| address.contains('#') || body.contains('#'));
        Example { route, address, body, objects }
    };
    let all: Vec<Example> = routes::all().map(example).collect();
    assert_eq!(all.len(), known.len(), "an example is of no route");
    all
}

/// What came back: status, where to, and the body without what differs between two requests.
async fn ask(
    server: &Server,
    (cookie, token): (&str, &str),
    method: &str,
    (address, body): (String, String),
) -> (u16, String, String) {
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let mut request = http().request(method.parse().unwrap(), format!("{}{address}", server.url));
    request = request.header("content-type", kind).header("sec-fetch-site", "same-origin").body(body);
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    let reply = request.send().await.unwrap();
    let header =
        |name: &str| reply.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (status, to, id) = (reply.status().as_u16(), header("location"), header("x-request-id"));
    let stream = header("content-type") == "text/event-stream";
    let text = if stream { String::new() } else { reply.text().await.unwrap().replace(&id, "") };
    (status, to, text)
}

async fn number_of(store: &Store, sql: &str) -> i64 {
    match store {
        Store::Sqlite { read, .. } => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(read).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap(),
    }
}

/// Entries that come after the answer.
async fn entered(server: &Server, action: &str, actor: &str, wanted: i64) {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE action = '{action}' AND actor = '{actor}' AND result = 'denied'"
    );
    for _ in 0..100 {
        if number_of(&server.app.store, &sql).await >= wanted {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(number_of(&server.app.store, &sql).await, wanted, "{action} by {actor}");
}

/// A triaged case with something of everything, and one beside it that was not triaged.
async fn filled(server: &Server) -> Person {
    server.deliver(&seed_with(&[(&seed_id(), "lc-seed")])).await;
    server.run_jobs().await;
    let id = seed_id();
    let other = [(id.as_str(), "lc-two"), ("desktop-4kq7m2x", "host-2"), ("a47d2c95-6b08", "a47d2c95-3b08")];
    server.deliver(&seed_with(&other)).await;
    let lea = server.sign_in("lea", Role::Lead).await;
    let gate = "INSERT INTO gates (org_id, level, key, version, panel, state, state_ms, state_by, state_why, error_limit, first_ms, last_ms)
        SELECT org_id, 'org', '', '1', '1', 'shadow', 1, '', '', 0.02, 1, 1 FROM cases WHERE number = 1";
    server.sql(gate).await;
    let verdict = [("verdict", "false_positive"), ("reason", "known_application"), ("note", "x")];
    let proposed = [
        ("case", "1"),
        ("name", "fp-walk"),
        ("comment", "Known"),
        ("days", "90"),
        ("condition", "cat"),
        ("condition", "image"),
    ];
    let template = [("name", "All"), ("fits", "true_positive"), ("lines", "Call")];
    let trial = [("voter", "builtin:rules"), ("mode", "unanimous"), ("cases", "10")];
    let forms: [(&str, &[(&str, &str)]); 7] = [
        ("/cases/1/notes", &[("body", "Seen")]),
        ("/cases/1/tasks", &[("text", "Call")]),
        ("/cases/1/verdict", &verdict),
        ("/tuning", &proposed),
        ("/admin/templates", &template),
        ("/models/trials", &trial),
        ("/views", &[("name", "Low"), ("query", "severity=low")]),
    ];
    for (path, fields) in forms {
        let reply = lea.post(path, fields).await;
        assert_eq!(reply.status(), 303, "{path}: {}", reply.text().await.unwrap());
    }
    lea
}
