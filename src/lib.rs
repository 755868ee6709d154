//! FusionSOC: detections in, voted verdicts and closed cases out.
//!
//! # The way of a detection
//!
//! A detection walks through the folders once: **ingest → store → jobs → triage**; `web` and `api`
//! show what is in the store, and `review` is what people do with it. File names are nouns, and one
//! noun is one word everywhere: `store/cases.rs`, `web/cases.rs`, `templates/cases/`.
//!
//! 1. [`ingest`] turns bytes into documents, proves a webhook's sender, and in one transaction finds
//!    or opens the case, stores the document whole, and queues the triage. Requests that arrive
//!    together share a commit; a request is answered after it.
//! 2. [`jobs`] claims the job under a lease. It gathers the evidence, asks the voters of the panel,
//!    stores each answer as it comes, and concludes the run. What a worker writes it writes in
//!    transactions that check the lease; what died in between is taken up by a new run.
//! 3. [`triage`] is the thinking as pure functions: fingerprint, prompt, count, flags, vetoes.
//!    [`intel`] is who knows something about hashes, addresses and names, one file for each provider.
//! 4. [`voters`] are one file for each wire kind, and two built-in ones without network.
//!    [`notify`] tells people and programs outside what can't wait, from rows of the same transaction.
//! 5. [`review`] is the declaration, its undo, and the small steps, for pages and API alike.
//! 6. [`tuning`] makes exclusions for LimaCharlie of what was declared, back-tested and approved.
//! 7. [`actions`] are what can be done on a sensor, and who has to agree; they and the exclusions go
//!    out by [`limacharlie`], as the evidence comes in by it.
//! 8. [`proof`] is the ledger's chain, its seals, and the receipts of decisions; [`backup`] is a whole store as one
//!    file, back from it, and from one database to the other.
//! 9. [`admin`] is what admins do with people, tokens and organisations, for pages and command line alike.
//!
//! # Rules, checked by `tests/project/architecture.rs`
//!
//! - `domain` uses nothing; `store`, `features` and `intel` use `domain`; `voters` use `features` too, never `store`;
//!   `triage` uses `domain`, `features`, `voters` and `intel`; `ingest`, `jobs` and `review` use those; `web`, `api` and `cli` use
//!   everything and nothing uses them.
//! - SQL is in `store/` alone. One text runs on SQLite and PostgreSQL.
//! - A change of a case goes through [`store::record`]: timeline and ledger in the same transaction.
//! - Text from outside is untrusted: askama escapes it, and the only HTML that is not a template's
//!   comes from [`web::markdown`].
//! - What is counted is counted in [`metrics`], by words of ours alone; HTTP goes out by the client of [`outbound`].
//! - A new kind of voter, intelligence provider or job is one file and one line that registers it.
pub mod actions;
pub mod admin;
pub mod api;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod features;
pub mod ingest;
pub mod intel;
pub mod jobs;
pub mod limacharlie;
pub mod limits;
pub mod metrics;
pub mod notify;
pub mod outbound;
pub mod proof;
pub mod review;
pub mod secret;
pub mod store;
pub mod triage;
pub mod tuning;
pub mod voters;
pub mod web;
