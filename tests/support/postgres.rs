//! Databases of tests on the `PostgreSQL` server at `TEST_POSTGRES`: each test has a copy of one that the program made.
use fusionsoc::store::{Durability, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::OnceCell;

/// The role of the tests: it owns its databases, and the wall between organisations holds for it.
pub const ROLE: &str = "fusionsoc_tests";

/// The schema in which the tables of each test are.
pub const SCHEMA: &str = "tests";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Bringing the schema up to date anew for each test takes longer than a copy.
static MADE: OnceCell<String> = OnceCell::const_new();

/// The databases of this process, each with the folder of its test.
static COPIES: Mutex<Vec<(PathBuf, String)>> = Mutex::new(Vec::new());

/// A database of its own for the test with this folder; those of tests whose folders are gone go.
pub async fn database(dir: &Path) -> String {
    let made = MADE.get_or_init(make).await;
    let mut admin = PgConnection::connect(&superuser("postgres")).await.unwrap();
    let gone: Vec<_> = COPIES.lock().unwrap().extract_if(.., |(dir, _)| !dir.exists()).collect();
    for (_, name) in gone {
        say(&mut admin, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
    }
    let name = format!("{made}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    say(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {made} OWNER {ROLE}")).await;
    admin.close().await.unwrap();
    COPIES.lock().unwrap().push((dir.to_owned(), name.clone()));
    whole(&name)
}

async fn make() -> String {
    let name = format!("tests_{}", std::process::id());
    let mut admin = PgConnection::connect(&superuser("postgres")).await.unwrap();
    // One after the other: roles belong to the whole server.
    let role = format!(
        "SELECT pg_advisory_lock(7399);
         DO $$ BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
                CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{ROLE}';
            END IF;
         END $$;
         SELECT pg_advisory_unlock(7399)"
    );
    say(&mut admin, role).await;
    say(&mut admin, format!("DROP DATABASE IF EXISTS {name}")).await;
    say(&mut admin, format!("CREATE DATABASE {name} OWNER {ROLE}")).await;
    admin.close().await.unwrap();
    let mut admin = PgConnection::connect(&superuser(&name)).await.unwrap();
    let schema = format!(
        "ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
         CREATE SCHEMA {SCHEMA} AUTHORIZATION {ROLE}"
    );
    say(&mut admin, schema).await;
    admin.close().await.unwrap();
    Store::open(&whole(&name), Durability::Normal).await.unwrap().close().await;
    name
}

async fn say(admin: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
}

/// What tests ask beside the program is about everything; the program says itself whose rows each transaction is about.
fn whole(database: &str) -> String {
    as_role(database, &format!("-csearch_path%3D{SCHEMA}%20-cfusionsoc.orgs%3Dall"))
}

/// The address of a database, for who may do everything.
pub fn superuser(database: &str) -> String {
    let (scheme, who, place, query) = parts();
    format!("{scheme}://{who}{place}/{database}{query}")
}

/// The address of a database for the role of the tests, with options of the connection.
pub fn as_role(database: &str, options: &str) -> String {
    let (scheme, _, place, query) = parts();
    let join = if query.is_empty() { '?' } else { '&' };
    format!("{scheme}://{ROLE}:{ROLE}@{place}/{database}{query}{join}options={options}")
}

/// The scheme, the user up to the `@`, the place and the query of the server's address.
fn parts() -> (String, String, String, String) {
    let address = std::env::var("TEST_POSTGRES").expect("TEST_POSTGRES holds the address of a server");
    let (scheme, rest) = address.split_once("://").unwrap();
    let (rest, query) = rest.find('?').map_or((rest, ""), |at| rest.split_at(at));
    let (who, place) = rest.rfind('@').map_or(("", rest), |at| rest.split_at(at + 1));
    let place = place.split_once('/').map_or(place, |(place, _)| place);
    (scheme.to_owned(), who.to_owned(), place.to_owned(), query.to_owned())
}
