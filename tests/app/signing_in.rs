//! Signing in: what the cookie is, how long a session lives, what a refusal tells, and how guesses are slowed down.
mod guesses;
mod lives;

use crate::support::{PASSWORD, Person, Server};
use fusionsoc::domain::Role;

/// A browser that nobody is signed in with.
fn nobody(server: &Server) -> Person {
    Person { url: server.url.clone(), cookie: String::new() }
}

/// Sends the form; the answer's status and cookies.
async fn form(server: &Server, browser: &Person, name: &str, password: &str) -> (u16, Vec<String>) {
    assert_eq!(browser.url, server.url);
    let reply = browser.post("/login", &[("username", name), ("password", password)]).await;
    let cookies = reply.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned());
    (reply.status().as_u16(), cookies.collect())
}

/// Adds a person who is signed in, and gives them the session's cookie.
async fn ana(server: &Server) -> Person {
    server.sign_in("ana", Role::Analyst).await
}

/// Signs in once more in a browser of its own.
async fn again(server: &Server) -> Person {
    let (status, cookies) = form(server, &nobody(server), "ana", PASSWORD).await;
    assert_eq!(status, 303);
    let cookie = cookies[0].split(';').next().unwrap().to_owned();
    Person { url: server.url.clone(), cookie }
}
