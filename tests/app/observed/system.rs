//! The system page: the same for a person, and what can be done about it.
use super::{number_of, numbers, value, watched};
use crate::support::{Person, SEED, Server, add_org};
use fusionsoc::api::disk::{Space, pretend_here};
use fusionsoc::clock::{advance_here, now_ms};
use fusionsoc::config::Backup;
use fusionsoc::domain::Role;
use fusionsoc::jobs::{backup, upkeep};
use fusionsoc::proof::seal::{purge, seal};
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;

async fn page(person: &Person) -> String {
    let (status, page) = person.page("/admin/system").await;
    assert_eq!(status, 200, "{page}");
    page
}

/// The row of a table that begins with a text.
fn row<'a>(page: &'a str, head: &str) -> &'a str {
    let from = page.find(&format!("<tr><th scope=\"row\">{head}</th>")).unwrap_or_else(|| panic!("{head}:\n{page}"));
    &page[from..from + page[from..].find("</tr>").unwrap()]
}

async fn give_up(server: &Server, id: i64, kind: &str, payload: &str) {
    let sql = format!(
        "INSERT INTO jobs (id, kind, dedup_key, payload, priority, run_at_ms, attempt, dead, error) VALUES ({id}, '{kind}', 'k{id}', '{payload}', 0, 1000, 8, TRUE, '<b>no room</b>')"
    );
    server.sql(&sql).await;
}

#[tokio::test]
async fn an_admin_reads_how_the_system_is() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let lead = server.sign_in("lea", Role::Lead).await;
    assert_eq!(lead.page("/admin/system").await.0, 403);
    server.deliver(SEED).await;
    assert_eq!(admin.post("/login", &[("username", "ana"), ("password", "wrong")]).await.status(), 401);
    advance_here(61_000);
    pretend_here(Space { free: 10, total: 1_000 });
    let found = page(&admin).await;
    assert!(row(&found, "Worker").contains("No worker was ever seen."), "{found}");
    assert!(row(&found, "Database").contains("Works"), "{found}");
    if fusionsoc::api::disk::folder(&server.app.config).is_some() {
        assert!(row(&found, "Disk").contains("1 % of the disk is free."), "{found}");
    }
    let waiting = row(&found, "Votes on a case");
    assert!(waiting.contains("data-l=\"Waiting\">1<") && waiting.contains("1 min 0"), "{waiting}");
    assert!(row(&found, "api").contains("data-l=\"New\">1<"), "{found}");
    assert!(found.contains("<dt>Wrong password, or refused by the provider</dt><dd>1</dd>"), "{found}");
    assert!(found.contains(&format!(", schema {}</dd>", fusionsoc::store::schema::known())), "{found}");
    assert!(found.contains(env!("CARGO_PKG_VERSION")), "{found}");
}

#[tokio::test]
async fn what_was_given_up_is_told_and_tried_again() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    server.deliver(SEED).await;
    server.run_jobs().await;
    give_up(&server, 801, "measure", "{}").await;
    give_up(&server, 802, "triage", "{\"run_id\":1}").await;
    give_up(&server, 803, "trial", "{\"trial\":1}").await;
    let found = page(&admin).await;
    assert!(found.contains("&lt;b&gt;no room&lt;/b&gt;") || found.contains("&#60;b&#62;no room"), "{found}");
    assert!(row(&found, "Measuring voters").contains("</svg> 1</td>"), "{found}");
    for (id, step, missing) in [(801, "retry", 404), (802, "retry", 404), (803, "dismiss", 404)] {
        assert!(found.contains(&format!("action=\"/admin/system/jobs/{id}/{step}\"")), "{found}");
        let path = format!("/admin/system/jobs/{id}/{step}");
        assert_eq!(admin.post(&path, &[]).await.status(), 303, "{path}");
        assert_eq!(admin.post(&path, &[]).await.status(), missing, "{path} once");
    }
    assert_eq!(admin.post("/admin/system/jobs/801/erase", &[]).await.status(), 404);
    let entered = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger WHERE actor = 'root-admin' AND action IN ('job_retried', 'job_dismissed') AND old_value LIKE '%no room%'";
    assert_eq!(number_of(&server, entered).await, 3);
    server.run_jobs().await;
    assert_eq!(number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE dead = TRUE").await, 0);
    assert_eq!(server.case(1).await["runs"].as_array().unwrap().len(), 2, "the case was voted on again");
}

#[tokio::test]
async fn what_all_organisations_share_is_for_admins_of_all_of_them() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    add_org(&server.app.store, "other", None).await;
    give_up(&server, 801, "measure", "{}").await;
    let found = page(&admin).await;
    assert!(row(&found, "Database").contains("Works") && found.contains("is told to admins of all of them"), "{found}");
    for shared in ["no room", "Measuring voters", "Refused sign-ins", "Memory", "Workers"] {
        assert!(!found.contains(shared), "{shared}: {found}");
    }
    for step in ["retry", "dismiss"] {
        assert_eq!(admin.post(&format!("/admin/system/jobs/801/{step}"), &[]).await.status(), 404);
    }
    assert_eq!(number_of(&server, "SELECT CAST(COUNT(*) AS BIGINT) FROM jobs WHERE dead = TRUE").await, 1);
}

#[tokio::test]
async fn of_several_servers_one_removes_what_is_over_each_hour() {
    let server = watched(|_| ()).await;
    server.sign_in("ana", Role::Analyst).await;
    advance_here(25 * 3_600_000);
    let (one, other) = tokio::join!(upkeep::once(&server.app.store), upkeep::once(&server.app.store));
    assert_eq!([one.unwrap(), other.unwrap()].iter().filter(|did| **did).count(), 1);
    advance_here(-2_000);
    assert!(!upkeep::once(&server.app.store).await.unwrap(), "nor by a server whose clock is two seconds behind");
    advance_here(2_000);
    let admin = server.sign_in("root-admin", Role::Admin).await;
    assert!(row(&page(&admin).await, "Sessions that ended").contains("data-l=\"Removed\">1<"));
    assert!(row(&page(&admin).await, "Documents of detections").contains("not yet"));
    advance_here(30 * 60_000);
    assert!(!upkeep::once(&server.app.store).await.unwrap(), "not within the hour");
    advance_here(30 * 60_000);
    assert!(upkeep::once(&server.app.store).await.unwrap());
    assert!(row(&page(&admin).await, "Sessions that ended").contains("data-l=\"Removed\">0<"));
}

#[tokio::test]
async fn the_newest_seals_are_listed_with_what_was_removed() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    assert!(page(&admin).await.contains("Nothing of it was sealed yet"));
    let (store, signer) = (&server.app.store, server.app.vault.signer().unwrap());
    for _ in 0..12 {
        assert_eq!(admin.post("/login", &[("username", "root-admin"), ("password", "wrong")]).await.status(), 401);
        server.sql("DELETE FROM throttles").await;
        advance_here(DAY_MS + 60_000);
        assert_eq!(seal(store, &signer, now_ms()).await.unwrap(), 1);
    }
    assert!(purge(store, &signer, now_ms() - 2 * DAY_MS - DAY_MS / 2, now_ms()).await.unwrap() >= 9);
    let again = server.sign_in("second-admin", Role::Admin).await;
    let found = page(&again).await;
    let table = found.split("id=\"seals\"").nth(1).unwrap().split("</table>").next().unwrap();
    let lines: Vec<&str> = table.split("<tr>").skip(2).collect();
    let heads: Vec<&str> = lines.iter().map(|line| line.split(['<', '>']).nth(2).unwrap()).collect();
    assert_eq!(heads, ["12", "11", "10", "9", "8", "7", "6", "5", "4", "3"], "{table}");
    let removed = |line: &&&str| line.contains("data-l=\"Removed\"><time");
    let kept = lines.iter().take_while(|line| line.contains("data-l=\"Removed\">no<")).count();
    assert!(kept > 0 && kept + lines.iter().filter(removed).count() == 10, "{table}");
    let times = |line: &str| line.matches("<time datetime=\"").count();
    assert!(times(lines[0]) == 3 && times(lines[9]) == 4 && !table.contains("href"), "{table}");
}

#[tokio::test]
async fn a_backup_that_fails_is_told_until_one_is_made() {
    let server = watched(|_| ()).await;
    let admin = server.sign_in("root-admin", Role::Admin).await;
    let told = async || {
        let found = page(&admin).await;
        found.split("id=\"backups\"").nth(1).unwrap().split("</dl>").next().unwrap().to_owned()
    };
    assert!(told().await.contains("none yet") && !told().await.contains("Failed"));
    let folder = server.dir.path().join("taken");
    std::fs::write(&folder, "a file").unwrap();
    let settings = Arc::new(Backup { folder: folder.display().to_string(), ..Backup::default() });
    let mut tx = server.app.store.write().await.unwrap();
    backup::schedule(&mut tx, &settings, now_ms()).await.unwrap();
    tx.commit().await.unwrap();
    server.worker().backing_up(Arc::clone(&settings)).run_due().await;
    let failed = told().await;
    assert!(failed.contains("Failed since") && failed.contains("taken") && failed.contains("none yet"), "{failed}");
    let text = numbers(&server).await;
    assert!(value(&text, "fusionsoc_backup_failed") == 1 && !text.contains("fusionsoc_backup_age_seconds"), "{text}");
    std::fs::remove_file(&folder).unwrap();
    advance_here(3_600_000 + 1000);
    server.worker().backing_up(settings).run_due().await;
    advance_here(90_000);
    let made = told().await;
    assert!(!made.contains("Failed") && made.contains(", fusionsoc-2"), "{made}");
    let text = numbers(&server).await;
    assert_eq!(value(&text, "fusionsoc_backup_failed"), 0);
    assert!((90..150).contains(&value(&text, "fusionsoc_backup_age_seconds")), "{text}");
}
