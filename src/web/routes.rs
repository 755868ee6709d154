//! Who may do what: the one table of all pages, forms and calls.
//!
//! [`super::access`] holds every request against it before a handler runs. A handler whose address stands
//! in no group answers nothing, so that one that was forgotten is closed, not open.
mod beyond;
mod documented;
mod read;

pub use beyond::BEYOND;
pub use documented::documented;
use read::READ;

use crate::domain::Role;
use crate::domain::role::Scope;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anybody,
    /// A signed-in person of this role or a higher one.
    Person(Role),
    /// A program whose token has this scope.
    Token(Scope),
    /// A program that has the token of the settings for the numbers; nobody where none is set.
    Watcher,
    /// Whoever delivers detections: the handler proves signature or token, because what it refuses is kept.
    Sender,
}

/// Routes that do the same for the same people.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// What they do, in words for the documentation.
    pub does: &'static str,
    /// Who may use them.
    pub who: Who,
    /// Method and address.
    pub routes: &'static [(&'static str, &'static str)],
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The method; `GET` stands for `HEAD` too.
    pub method: &'static str,
    /// The address as the router knows it.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

const VIEWER: Who = Who::Person(Role::Viewer);
const ANALYST: Who = Who::Person(Role::Analyst);
const LEAD: Who = Who::Person(Role::Lead);
const ADMIN: Who = Who::Person(Role::Admin);

/// All of them. Our own scripts, styles and the icon are files for everybody and stand beside this table.
pub const ALL: &[Group] = &[
    Group {
        does: "sign in, ask for health and the description of the API",
        who: Who::Anybody,
        routes: &[
            ("GET", "/"),
            ("GET", "/login"),
            ("POST", "/login"),
            ("GET", "/login/code"),
            ("POST", "/login/code"),
            ("GET", "/login/oidc"),
            ("GET", "/login/oidc/callback"),
            ("GET", "/healthz"),
            ("GET", "/readyz"),
            ("GET", "/api/openapi.json"),
            ("GET", "/api/docs"),
        ],
    },
    Group { does: "read the numbers: `server.metrics_token_file`", who: Who::Watcher, routes: &[("GET", "/metrics")] },
    Group {
        does: "read cases, observables, rules, hosts, exclusions, votes and figures; export a case",
        who: VIEWER,
        routes: READ,
    },
    Group { does: "own profile, password, sessions, saved views and reminders", who: VIEWER, routes: OWN },
    Group {
        does: "decide cases, alone and up to 200 at once; notes, tasks, tags, snooze, merge",
        who: ANALYST,
        routes: DECIDE,
    },
    Group {
        does: "ask for actions on a sensor, turn them down, settle them; propose exclusions",
        who: ANALYST,
        routes: &[
            ("POST", "/cases/{number}/actions"),
            ("POST", "/cases/{number}/actions/{id}/{step}"),
            ("GET", "/tuning/new"),
            ("POST", "/tuning"),
            ("POST", "/tuning/{id}/{step}"),
        ],
    },
    Group {
        does: "approve actions of others; also exclusions of others, more than 200 cases at once, and what others decided or wrote",
        who: LEAD,
        routes: &[("POST", "/cases/{number}/actions/{id}/approve")],
    },
    Group { does: "task templates, trials of panels, the range", who: LEAD, routes: LEADS },
    Group { does: "people, API tokens, organisations", who: ADMIN, routes: PEOPLE },
    Group {
        does: "the policy of own organisations; switch what the machine may close alone on and off",
        who: LEAD,
        routes: &[
            ("GET", "/admin/policy"),
            ("POST", "/admin/policy/{org}"),
            ("POST", "/admin/policy/{org}/preview"),
            ("POST", "/gates/{id}/{step}"),
        ],
    },
    Group {
        does: "whether data of an own organisation may leave to cloud voters",
        who: ADMIN,
        routes: &[("POST", "/admin/policy/{org}/cloud")],
    },
    Group {
        does: "keys of providers, voters and own organisations, webhooks and their secrets: written, never read",
        who: ADMIN,
        routes: &[
            ("POST", "/admin/integrations/keys"),
            ("POST", "/admin/integrations/keys/remove"),
            ("POST", "/admin/integrations/sources"),
            ("POST", "/admin/integrations/sources/rotate"),
        ],
    },
    Group { does: "voters, refusals, intake, integrations, the system, the audit log", who: ADMIN, routes: ADMINS },
    Group {
        does: "deliver detections: a source's signature, or a token with scope `ingest`",
        who: Who::Sender,
        routes: &[("POST", "/api/v1/detections"), ("POST", "/ingest/limacharlie/{source}")],
    },
    Group { does: "read cases by the API", who: Who::Token(Scope::Read), routes: API_READ },
    Group { does: "change cases by the API, ask for actions", who: Who::Token(Scope::Write), routes: API_WRITE },
];

const OWN: &[(&str, &str)] = &[
    ("POST", "/logout"),
    ("GET", "/profile"),
    ("POST", "/profile"),
    ("POST", "/profile/theme"),
    ("GET", "/profile/password"),
    ("POST", "/profile/password"),
    ("POST", "/profile/sessions"),
    ("GET", "/profile/second"),
    ("POST", "/profile/second"),
    ("POST", "/profile/second/confirm"),
    ("POST", "/profile/second/codes"),
    ("POST", "/profile/second/off"),
    ("POST", "/handover/read"),
    ("POST", "/reminders"),
    ("GET", "/views"),
    ("POST", "/views"),
    ("POST", "/views/{id}/{step}"),
];

/// What a person may do whose password an admin gave them: choose their own, or leave.
pub const FIRST: &[(&str, &str)] = &[("GET", "/profile/password"), ("POST", "/profile/password"), ("POST", "/logout")];

const DECIDE: &[(&str, &str)] = &[
    ("POST", "/handover"),
    ("POST", "/undo"),
    ("POST", "/cases/merge"),
    ("GET", "/cases/bulk"),
    ("POST", "/cases/bulk"),
    ("POST", "/cases/bulk/review"),
    ("POST", "/cases/bulk/assign"),
    ("POST", "/cases/bulk/{id}/undo"),
    ("POST", "/cases/{number}/merge"),
    ("POST", "/cases/{number}/unmerge"),
    ("POST", "/cases/{number}/split"),
    ("POST", "/cases/{number}/link"),
    ("POST", "/cases/{number}/unlink"),
    ("POST", "/cases/{number}/duplicate"),
    ("POST", "/cases/{number}/verdict"),
    ("POST", "/cases/{number}/notes"),
    ("POST", "/cases/{number}/notes/{id}"),
    ("POST", "/cases/{number}/notes/{id}/remove"),
    ("POST", "/cases/{number}/tasks"),
    ("POST", "/cases/{number}/tasks/{id}/{step}"),
    ("POST", "/cases/{number}/templates"),
    ("POST", "/cases/{number}/tags"),
    ("POST", "/cases/{number}/snooze"),
    ("POST", "/cases/{number}/wake"),
    ("POST", "/cases/{number}/status"),
    ("POST", "/cases/{number}/assign"),
    ("POST", "/cases/{number}/severity"),
    ("POST", "/cases/{number}/triage"),
    ("POST", "/cases/{number}/undo"),
    ("POST", "/cases/{number}/draft"),
];

const LEADS: &[(&str, &str)] = &[
    ("POST", "/models/range"),
    ("POST", "/models/restore"),
    ("POST", "/models/trials"),
    ("POST", "/models/trials/{id}/cancel"),
    ("GET", "/admin/templates"),
    ("POST", "/admin/templates"),
    ("POST", "/admin/templates/{id}"),
    ("POST", "/admin/templates/{id}/remove"),
];

const PEOPLE: &[(&str, &str)] = &[
    ("GET", "/admin/users"),
    ("POST", "/admin/users"),
    ("GET", "/admin/users/{id}"),
    ("POST", "/admin/users/{id}/{step}"),
    ("GET", "/admin/tokens"),
    ("POST", "/admin/tokens"),
    ("POST", "/admin/tokens/{id}/revoke"),
    ("GET", "/admin/orgs"),
    ("POST", "/admin/orgs"),
    ("POST", "/admin/orgs/{id}"),
];

const ADMINS: &[(&str, &str)] = &[
    ("POST", "/models/adopt"),
    ("POST", "/models/remove"),
    ("GET", "/admin/rejects"),
    ("POST", "/admin/rejects/{id}/replay"),
    ("GET", "/admin/audit"),
    ("GET", "/admin/audit/export"),
    ("GET", "/admin/intake"),
    ("GET", "/admin/system"),
    ("POST", "/admin/system/jobs/{id}/{step}"),
    ("GET", "/admin/integrations"),
    ("POST", "/admin/integrations/test"),
    ("POST", "/admin/integrations/limacharlie"),
    ("POST", "/admin/integrations/{id}/retry"),
];

const API_READ: &[(&str, &str)] = &[
    ("GET", "/api/v1/cases"),
    ("GET", "/api/v1/cases/{number}"),
    ("GET", "/api/v1/cases/{number}/timeline"),
    ("GET", "/api/v1/gates"),
    ("GET", "/api/v1/gates/{id}/events"),
    ("GET", "/api/v1/rules/health"),
    ("GET", "/api/v1/reviews"),
    ("GET", "/api/v1/search"),
    ("GET", "/api/v1/observables/{kind}/{*value}"),
    ("GET", "/api/v1/stream"),
];

const API_WRITE: &[(&str, &str)] = &[
    ("PATCH", "/api/v1/cases/{number}"),
    ("POST", "/api/v1/cases/{number}/notes"),
    ("POST", "/api/v1/cases/{number}/tasks"),
    ("POST", "/api/v1/cases/{number}/snooze"),
    ("POST", "/api/v1/cases/{number}/triage"),
    ("POST", "/api/v1/cases/{number}/actions"),
    ("POST", "/api/v1/cases/{number}/merge"),
    ("POST", "/api/v1/cases/{number}/unmerge"),
    ("POST", "/api/v1/cases/{number}/split"),
    ("POST", "/api/v1/cases/{number}/link"),
    ("POST", "/api/v1/cases/{number}/unlink"),
    ("POST", "/api/v1/cases/{number}/duplicate"),
];

/// Every route of the table.
pub fn all() -> impl Iterator<Item = Route> {
    let routes =
        |group: &'static Group| group.routes.iter().map(|(method, path)| Route { method, path, who: group.who });
    ALL.iter().flat_map(routes)
}
