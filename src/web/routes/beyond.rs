//! Where the wall between organisations is open.

/// Pages that have to know of organisations of others, and show none of them: whether a person also works elsewhere,
/// whether an admin is one of all organisations, whether a short name is taken, whose an id of LimaCharlie's is. The
/// store's wall is open for these.
pub const BEYOND: &[&str] = &[
    "/admin/users",
    "/admin/users/{id}",
    "/admin/users/{id}/{step}",
    "/admin/orgs",
    "/admin/orgs/{id}",
    "/admin/system",
    "/admin/system/jobs/{id}/{step}",
    "/admin/rejects/{id}/replay",
];
