//! The ledger as admins read it: newest first, filtered, of their own organisations and of the installation.
use super::record::{ActorKind, Ended};
use super::{Result, Tx, on};

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Its id.
    pub id: i64,
    /// When.
    pub at_ms: i64,
    /// The organisation's short name, or empty.
    pub org: String,
    /// What kind of actor.
    pub actor_kind: ActorKind,
    /// Who.
    pub actor: String,
    /// The client's address, or empty.
    pub client: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub object: String,
    /// The value before.
    pub old_value: String,
    /// The value after.
    pub new_value: String,
    /// The request's id, or empty.
    pub request_id: String,
    /// Whether it was done.
    pub result: Ended,
}

/// Which lines; empty texts don't filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Who.
    pub actor: &'a str,
    /// What was done.
    pub action: &'a str,
    /// On what.
    pub object: &'a str,
    /// The short name of an organisation.
    pub org: &'a str,
    /// Whether it was done.
    pub result: Option<Ended>,
    /// Whether also what the machine did by itself.
    pub machine: bool,
    /// Not before this moment.
    pub from_ms: i64,
}

/// What people and programs did, in the words of the index that holds such lines alone.
const PEOPLE: &str = " AND (l.actor_kind IN ('person', 'token') OR l.actor = 'command line')";

/// Lines before a place, newest first. Lines of no organisation are everybody's who is an admin, but for
/// those by or about a person who is in none of the admin's organisations.
pub async fn page(tx: &mut Tx, user_id: i64, filter: &Filter<'_>, before: (i64, i64), limit: i64) -> Result<Vec<Line>> {
    let texts: Vec<(&str, &str)> = [
        ("l.actor = $#", filter.actor),
        ("l.action = $#", filter.action),
        ("l.object = $#", filter.object),
        ("l.org_id = (SELECT id FROM orgs WHERE slug = $#)", filter.org),
        // Most lines are ok, so that the index holds the others alone.
        ("l.result = $#", if filter.result == Some(Ended::Ok) { "ok" } else { "" }),
        (
            "l.result <> 'ok' AND l.result = $#",
            match filter.result {
                None | Some(Ended::Ok) => "",
                Some(other) => other.as_str(),
            },
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect();
    let numbered = texts.iter().enumerate();
    let numbered = numbered.map(|(at, (sql, _))| format!(" AND {}", sql.replace('#', &(at + 6).to_string())));
    let people = (!filter.machine).then(|| PEOPLE.to_owned());
    let conditions = numbered.chain(people).collect::<Vec<_>>().concat();
    // With the plus no index of organisations is used for whose lines may be seen; it would lose the order.
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT l.id, l.at_ms, COALESCE(o.slug, '') AS org, l.actor_kind, l.actor, l.client, l.action, l.object,
                l.old_value, l.new_value, l.request_id, l.result
         FROM ledger l LEFT JOIN orgs o ON o.id = l.org_id
         WHERE (l.at_ms, l.id) < ($1, $2) AND l.at_ms >= $3
               AND (+l.org_id IN (SELECT m.org_id FROM memberships m WHERE m.user_id = $4)
                    OR +l.org_id IS NULL AND NOT EXISTS (
                        SELECT 1 FROM users u WHERE (u.username = l.actor AND l.actor_kind = 'person'
                            OR u.username = SUBSTR(l.object, 6) AND l.object LIKE 'user:%') AND NOT EXISTS (
                            SELECT 1 FROM memberships a JOIN memberships b ON b.org_id = a.org_id
                            WHERE a.user_id = u.id AND b.user_id = $4))){conditions}
         ORDER BY l.at_ms DESC, l.id DESC LIMIT $5"
    ));
    on!(tx, |db| {
        let query = sqlx::query_as(sql).bind(before.0).bind(before.1).bind(filter.from_ms).bind(user_id).bind(limit);
        texts.iter().fold(query, |query, (_, value)| query.bind(*value)).fetch_all(db)
    })
}
