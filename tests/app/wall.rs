//! The wall between organisations on `PostgreSQL`: what a query forgets to ask for, row-level security does not show.
use crate::support::limacharlie::{Fake, KEY};
use crate::support::postgres::{ROLE, SCHEMA, as_role, superuser};
use crate::support::{SEED, Server, add_org, connection, seed_id, seed_with, spawn, spawn_with};
use fusionsoc::config::LimaCharlieConfig;
use fusionsoc::domain::Role;
use fusionsoc::store::wall::Whose;
use fusionsoc::store::{Store, Tx, cases};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Ids that no row of the program has: what belongs to the one organisation, and to the other.
const OURS: i64 = 8_800_100_001;
const THEIRS: i64 = 9_900_100_001;

/// A server on `PostgreSQL`, and the name of its database.
async fn on_postgres() -> Option<(Server, String)> {
    let server = spawn().await;
    let Store::Postgres(pool) = &server.app.store else { return None };
    let database: String = sqlx::query_scalar("SELECT current_database()::TEXT").fetch_one(pool).await.unwrap();
    Some((server, database))
}

/// Columns of all tables: table, column, type, whether it must be filled, and the table that it points to.
async fn columns(connection: &mut PgConnection, schema: &str) -> Vec<(String, String, String, bool, Option<String>)> {
    let sql = "SELECT t.relname::text, a.attname::text, format_type(a.atttypid, NULL), a.attnotnull, f.relname::text
        FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_constraint c ON c.conrelid = t.oid AND c.contype = 'f' AND c.conkey = ARRAY[a.attnum]
        LEFT JOIN pg_class f ON f.oid = c.confrelid
        WHERE t.relkind = 'r' AND n.nspname = $1 AND t.relname <> '_sqlx_migrations' ORDER BY t.relname, a.attnum";
    sqlx::query_as(sql).bind(schema).fetch_all(connection).await.unwrap()
}

/// The tables with an organisation: their own, or through what they point to. People work for several.
fn of_organisations(columns: &[(String, String, String, bool, Option<String>)]) -> BTreeSet<String> {
    // It counts rules, sensors and observables without pointing to them; trials have cases of several.
    // An act has a list of organisations.
    let own = ["orgs", "activity", "trial_votes", "bulk_acts"];
    let mut found: BTreeSet<String> = own.into_iter().map(str::to_owned).collect();
    loop {
        let before = found.len();
        for (table, column, _, _, to) in columns {
            if column == "org_id" || to.as_ref().is_some_and(|to| found.contains(to)) {
                found.insert(table.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[tokio::test]
async fn every_table_with_an_organisation_is_behind_it() {
    let Some((_server, database)) = on_postgres().await else { return };
    let mut admin = PgConnection::connect(&superuser(&database)).await.unwrap();
    let wanted = of_organisations(&columns(&mut admin, SCHEMA).await);
    let sql = "SELECT t.relname::text FROM pg_class t JOIN pg_policy p ON p.polrelid = t.oid
        WHERE t.relnamespace = $1::regnamespace AND t.relrowsecurity AND t.relforcerowsecurity AND p.polcmd = '*'";
    let behind: Vec<String> = sqlx::query_scalar(sql).bind(SCHEMA).fetch_all(&mut admin).await.unwrap();
    let behind: BTreeSet<_> = behind.into_iter().collect();
    assert_eq!(wanted.difference(&behind).collect::<Vec<_>>(), Vec::<&String>::new(), "a table without a policy");
    assert!(behind.len() > 55 && behind.contains("votes") && behind.contains("note_versions"), "{behind:?}");
}

/// Fills each table with a row of the one and a row of the other organisation. Keys and what points to them have the
/// number of the organisation, so that all of one hang together.
async fn fill(admin: &mut PgConnection, schema: &str) -> BTreeMap<String, String> {
    let columns = columns(admin, schema).await;
    let tables = of_organisations(&columns);
    let mut told = BTreeMap::new();
    let mut sql = format!("SET search_path = {schema}; SET session_replication_role = replica;");
    for number in [OURS, THEIRS] {
        for table in &tables {
            let own: Vec<_> = columns.iter().filter(|column| column.0 == *table).collect();
            let filled = own.iter().filter(|(_, name, _, needed, to)| {
                *needed || name == "org_id" || to.as_ref().is_some_and(|to| tables.contains(to))
            });
            let (names, values): (Vec<_>, Vec<_>) = filled
                .map(|(_, name, kind, ..)| {
                    let value = match kind.as_str() {
                        "bigint" => number.to_string(),
                        "boolean" => "FALSE".to_owned(),
                        "bytea" => format!("'\\x{number}'"),
                        "double precision" => "0".to_owned(),
                        _ if name == "kind" => "'rule'".to_owned(),
                        _ if name == "orgs" => format!("'{{{number}}}'"),
                        _ => format!("'t{number}'"),
                    };
                    (name.as_str(), value)
                })
                .unzip();
            write!(sql, "INSERT INTO {table} ({}) VALUES ({});", names.join(", "), values.join(", ")).unwrap();
            told.insert(table.clone(), own[0].1.clone());
        }
    }
    sqlx::raw_sql(AssertSqlSafe(format!("{sql} SET session_replication_role = DEFAULT"))).execute(admin).await.unwrap();
    told
}

async fn numbers(connection: &mut PgConnection, table: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CAST(row_to_json(t) AS TEXT) FROM {table} t WHERE CAST(row_to_json(t) AS TEXT) LIKE '%00100001%'"
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap()
}

async fn changed(connection: &mut PgConnection, sql: String) -> Result<u64, sqlx::Error> {
    let mut inner = connection.begin().await?;
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *inner).await.map(|done| done.rows_affected())
}

#[tokio::test]
async fn a_query_that_asks_for_everything_sees_and_changes_one_s_own() {
    let Some((_server, database)) = on_postgres().await else { return };
    let mut admin = PgConnection::connect(&superuser(&database)).await.unwrap();
    let tables = fill(&mut admin, SCHEMA).await;
    let mut role = PgConnection::connect(&as_role(&database, &format!("-csearch_path%3D{SCHEMA}"))).await.unwrap();
    for (table, column) in &tables {
        for (says, ours, theirs) in [(format!("{{{OURS}}}"), 1, 0), (String::new(), 0, 0), ("all".to_owned(), 1, 1)] {
            let mut tx =
                role.begin_with(AssertSqlSafe(format!("BEGIN; SET LOCAL fusionsoc.orgs = '{says}'"))).await.unwrap();
            let seen = numbers(&mut tx, table).await;
            let of = |number: i64| seen.iter().filter(|row| row.contains(&number.to_string())).count();
            assert_eq!((of(OURS), of(THEIRS)), (ours, theirs), "{table} for {says:?}: {seen:?}");
            // The ledger is changed by nobody at all.
            if table != "ledger" && says != "all" {
                let update =
                    format!("UPDATE {table} SET {column} = {column} WHERE CAST({table} AS TEXT) LIKE '%{THEIRS}%'");
                assert_eq!(changed(&mut tx, update).await.unwrap(), 0, "{table} for {says:?}");
                let delete = format!("DELETE FROM {table} WHERE CAST({table} AS TEXT) LIKE '%{THEIRS}%'");
                assert_eq!(changed(&mut tx, delete).await.unwrap(), 0, "{table} for {says:?}");
            }
        }
        // What is said ends with the transaction; who says nothing sees nothing.
        assert_eq!(numbers(&mut role, table).await, Vec::<String>::new(), "{table}");
    }
}

#[tokio::test]
async fn nothing_is_added_to_another_organisation() {
    let Some((_server, database)) = on_postgres().await else { return };
    let mut admin = PgConnection::connect(&superuser(&database)).await.unwrap();
    fill(&mut admin, SCHEMA).await;
    let mut role = PgConnection::connect(&as_role(&database, &format!("-csearch_path%3D{SCHEMA}"))).await.unwrap();
    let say = format!("BEGIN; SET LOCAL fusionsoc.orgs = '{{{OURS}}}'");
    let mut tx = role.begin_with(AssertSqlSafe(say)).await.unwrap();
    for (sql, refused) in [
        (format!("INSERT INTO handovers (org_id, author, body, created_ms) VALUES ({OURS}, '', '', 1)"), false),
        (format!("INSERT INTO handovers (org_id, author, body, created_ms) VALUES ({THEIRS}, '', '', 1)"), true),
        (
            format!(
                "INSERT INTO case_atoms (sensor_id, atom, event_ms, case_number) VALUES ({THEIRS}, 'a', 1, {THEIRS})"
            ),
            true,
        ),
        (format!("UPDATE handovers SET org_id = {THEIRS}"), true),
        ("INSERT INTO orgs (slug, name, created_ms) VALUES ('new', 'New', 1)".to_owned(), true),
    ] {
        let done = changed(&mut tx, sql.clone()).await;
        let code =
            done.as_ref().err().and_then(sqlx::Error::as_database_error).and_then(sqlx::error::DatabaseError::code);
        assert_eq!(code.as_deref() == Some("42501"), refused, "{sql}: {done:?}");
    }
}

/// A function of the store that names no organisation, asked in a request of somebody.
#[tokio::test]
async fn what_the_program_forgets_to_ask_for_stays_behind_it() {
    let Some((server, _)) = on_postgres().await else { return };
    let number = server.deliver(SEED).await["number"].as_i64().unwrap();
    let other = add_org(&server.app.store, "other", None).await;
    let find = async || cases::by_number(&mut server.app.store.read().await.unwrap(), number).await.is_ok();
    let told = async |whose: Whose| whose.scope(find()).await;
    assert!(told(Whose::Of([server.org_id].into())).await);
    assert!(told(Whose::Of([other, server.org_id].into())).await);
    assert!(!told(Whose::Of([other].into())).await);
    assert!(!told(Whose::Of([].into())).await);
    assert!(!told(Whose::Nobodys).await);
    assert!(told(Whose::Programs).await && find().await);
    assert_eq!(server.app.store.unwalled().await.unwrap(), None, "the role of these tests stands before it");
    assert!(!server.app.store.searches_slowly().await.unwrap());
}

/// Keys are the process's own: who changes one sees those of their organisations, and the others stay in use.
#[tokio::test]
async fn a_key_that_is_set_leaves_the_keys_of_other_organisations_in_use() {
    let fake = Fake::start().await;
    let without = |org: &str| LimaCharlieConfig { api_key_file: String::new(), ..connection(&fake, org) };
    let settings = vec![without("acme"), without("other")];
    let server = spawn_with(|config| config.limacharlie = settings).await;
    let other = add_org(&server.app.store, "other", None).await;
    let (ada, eve) = (server.sign_in("ada", Role::Admin).await, server.sign_in_to(other, "eve", Role::Admin).await);
    for (admin, name) in [(&ada, "limacharlie:acme"), (&eve, "limacharlie:other")] {
        let form = [("name", name), ("value", KEY), ("version", "0")];
        assert_eq!(admin.post("/admin/integrations/keys", &form).await.status(), 303);
    }
    for org in ["acme", "other"] {
        let known = server.app.connections.of(org).unwrap().key().known();
        assert!(known.is_some_and(|key| key.expose() == KEY), "{org}");
    }
}

#[tokio::test]
async fn a_role_that_sees_through_it_is_told() {
    let Some((_server, database)) = on_postgres().await else { return };
    let address = superuser(&database);
    let join = if address.contains('?') { '&' } else { '?' };
    let url = format!("{address}{join}options=-csearch_path%3D{SCHEMA}");
    let store = Store::open(&url, fusionsoc::store::Durability::Normal).await.unwrap();
    assert!(store.unwalled().await.unwrap().unwrap().contains("superuser"), "{ROLE} is none");
}

/// The queue's page and a case's page go by their indexes under the wall as well.
#[tokio::test]
async fn hot_queries_still_use_their_indexes() {
    let Some((server, _)) = on_postgres().await else { return };
    for at in 0..3 {
        server.deliver(&seed_with(&[(&seed_id(), &format!("d{at}")), ("desktop-4kq7m2x", &format!("h{at}"))])).await;
    }
    let queries = [
        (
            "SELECT c.number FROM cases c WHERE c.open = TRUE AND c.org_id IN (SELECT 1) ORDER BY c.queue_rank DESC, c.opened_ms, c.number LIMIT 50",
            "cases_",
        ),
        ("SELECT id FROM detections WHERE case_number = 1 ORDER BY event_ms, id LIMIT 50", "detections_case"),
        ("SELECT id FROM timeline WHERE case_number = 1 ORDER BY at_ms, id LIMIT 50", "timeline_case"),
        ("SELECT v.id FROM votes v JOIN runs r ON r.id = v.run_id WHERE r.case_number = 1", "runs_case_number"),
        ("SELECT id FROM detections WHERE words @@ CAST('a' AS TSQUERY)", "detections_words"),
        (
            "SELECT id FROM observables WHERE org_id = 1 AND kind = 'ip' AND value >= 'a' AND value < 'b'",
            "observables_",
        ),
    ];
    Whose::Of([server.org_id].into())
        .scope(async {
            let mut tx = server.app.store.read().await.unwrap();
            let Tx::Postgres(tx) = &mut tx else { panic!("this is PostgreSQL") };
            sqlx::raw_sql("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
                .execute(&mut **tx)
                .await
                .unwrap();
            for (sql, index) in queries {
                let plan: Vec<String> =
                    sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {sql}"))).fetch_all(&mut **tx).await.unwrap();
                let plan = plan.join("\n");
                let cond = plan.lines().any(|line| {
                    line.contains("Index Cond") || line.contains("Index Scan") || line.contains("Index Only")
                });
                assert!(plan.contains(index) && cond && plan.contains("InitPlan"), "{sql}\n{plan}");
            }
        })
        .await;
}
