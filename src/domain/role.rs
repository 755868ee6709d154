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
