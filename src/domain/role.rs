//! What a person may do.
use super::words::words;

words! {
    /// Roles, each including those before it.
    Role ("role") {
        /// Reads cases.
        Viewer = "viewer", "Viewer";
        /// Decides cases, writes notes, asks the panel.
        Analyst = "analyst", "Analyst";
        /// Policy, approvals, bulk work.
        Lead = "lead", "Lead";
        /// People, tokens, organisations, integrations.
        Admin = "admin", "Admin";
    }
}

words! {
    /// What an API token may do.
    Scope ("scope") {
        /// Send detections.
        Ingest = "ingest", "Ingest";
        /// Read cases.
        Read = "read", "Read";
        /// Change cases.
        Write = "write", "Write";
        /// Administer.
        Admin = "admin", "Admin";
    }
}

impl Scope {
    /// The least role of a person who may do the same.
    pub const fn needs(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Write => Role::Analyst,
            Self::Ingest | Self::Admin => Role::Admin,
        }
    }
}
