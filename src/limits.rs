//! Every size, count and time limit of the program, in one place.
use std::time::Duration;

/// An upstream must accept a connection within this time.
pub const CONNECT: Duration = Duration::from_secs(3);
/// The largest answer that is read from an upstream, after decompression.
pub const UPSTREAM_BODY: usize = 2 * 1024 * 1024;
/// A raw model answer is stored up to this size.
pub const RAW_ANSWER: usize = 64 * 1024;
/// Tokens that are set aside for an answer until it tells how many it took.
pub const ANSWER_TOKENS: i64 = 1_024;
/// Requests of one vote: the first and two retries.
pub const VOTE_TRIES: u32 = 3;
/// The longest `Retry-After` that is honoured within one vote.
pub const RETRY_AFTER: Duration = Duration::from_secs(30);
/// Detections of one behaviour on one sensor within this time belong to one case.
pub const GROUPING_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;
/// Detections of one process tree within this time belong to one case.
pub const TREE_WINDOW_MS: i64 = 60 * 60 * 1000;
/// Detections in one request.
pub const DETECTIONS_PER_REQUEST: usize = 1_000;
/// A request's body at the ingest routes, as sent.
pub const INGEST_BODY: usize = 5 * 1024 * 1024;
/// A request's body at the ingest routes, after decompression.
pub const INGEST_UNPACKED: usize = 32 * 1024 * 1024;
/// Bytes of deliveries, as sent and unpacked, that are held at once by each way in; more are told to come again.
pub const INGEST_HELD: usize = 128 * 1024 * 1024;
/// What is kept of a refused body.
pub const REJECT_KEPT: usize = 4 * 1024;
/// Deliveries that wait for their commit; more are told to come again.
pub const DELIVERIES_WAITING: usize = 1_024;
/// How often a full disk is looked at again.
pub const DISK_PROBE: Duration = Duration::from_secs(5);
/// Detections that share one commit.
pub const BATCH: usize = 500;
/// Cases that become part of another one in one go.
pub const MERGED_AT_ONCE: usize = 500;
/// Detections that are split off a case in one go.
pub const SPLIT_AT_ONCE: usize = 200;
/// Detections of a case that are read again to see what of it is left after a split.
pub const SPLIT_READ: i64 = 20_000;
/// How long a worker holds a job without renewing.
pub const LEASE_MS: i64 = 30_000;
/// How often it renews.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(10);
/// Jobs that one worker works on at once, votes of models above all.
pub const JOBS_AT_ONCE: usize = 4;
/// Places beside them for pulls, which a backlog of votes must not stop,
pub const PULLS_AT_ONCE: usize = 2;
/// and for the other work that comes again and again, or that people wait for and no model is asked for.
pub const REGULAR_AT_ONCE: usize = 3;
/// Places beside them for what must not wait for slow models: response actions and notifications.
pub const URGENT_AT_ONCE: usize = 2;
/// What a worker has to write while the database is away is tried again after this time,
pub const AWAY_AGAIN: Duration = Duration::from_secs(1);
/// and so often.
pub const AWAY_TRIES: u32 = 120;
/// How often a job is tried before it is given up.
pub const JOB_TRIES: i64 = 8;
/// How often a job is claimed before it is given up unasked: a worker that ends with its job says nothing of it.
pub const JOB_CLAIMS: i64 = 2 * JOB_TRIES;
/// How many runs in a row take over from one that was interrupted.
pub const RUN_TRIES: i64 = 5;
/// After these waits a run asks again for votes that failed.
pub const REVOTE_AFTER_MS: [i64; 3] = [60_000, 300_000, 900_000];
/// After these waits a notification is tried again.
pub const NOTIFY_AGAIN_MS: [i64; 4] = [60_000, 300_000, 900_000, 3_600_000];
/// Notifications that share a message.
pub const NOTIFY_TOGETHER: i64 = 1_000;
/// Notifications of a message that are told one by one; the others are counted.
pub const NOTIFY_SHOWN: usize = 20;
/// How long a notification is kept.
pub const NOTIFY_KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// How long a stopping worker lets votes finish.
pub const WORKER_GRACE: Duration = Duration::from_secs(20);
/// How long it takes at most to give back what did not finish.
pub const GIVE_BACK: Duration = Duration::from_secs(3);
/// How long a program that has ended waits for threads that are still busy; they end with it.
pub const BUSY_GRACE: Duration = Duration::from_secs(2);
/// What comes again and again is queued anew after this time where the database did not take it.
pub const SCHEDULE_AGAIN: Duration = Duration::from_secs(5);
/// How long a stopping server lets requests finish.
pub const SERVER_GRACE: Duration = Duration::from_secs(10);
/// A form's body.
pub const FORM_BODY: usize = 64 * 1024;
/// The body of a form with a note: a note may be as long as a form, and takes more room as it is sent.
pub const NOTE_BODY: usize = 128 * 1024;
/// A request's body must have arrived within this time.
pub const BODY_TIME: Duration = Duration::from_mins(1);
/// A request whose body is there is answered within this time.
pub const ANSWER_TIME: Duration = Duration::from_secs(30);
/// Headers of a request.
pub const HEADERS: usize = 100;
/// Bytes of all headers of a request, with what separates them.
pub const HEADER_BYTES: usize = 64 * 1024;
/// A JSON body at the API.
pub const API_BODY: usize = 1024 * 1024;
/// The longest URL.
pub const URL: usize = 8 * 1024;
/// A sign-in waits so long for its code.
pub const CODE_MS: i64 = 10 * 60 * 1000;
/// Bytes of the address that a sign-in by a provider goes on to.
pub const OIDC_NEXT: usize = 2_048;
/// A sign-in may be at an OpenID Connect provider for so long.
pub const OIDC_MS: i64 = 10 * 60 * 1000;
/// One request to that provider.
pub const OIDC_CALL: Duration = Duration::from_secs(15);
/// What it says of itself holds for so long.
pub const OIDC_KNOWN_MS: i64 = 60 * 60 * 1000;
/// Its keys are not fetched again within this time, whoever names an unknown one.
pub const OIDC_KEYS_MS: i64 = 60 * 1000;
/// A provider that failed is left alone for so long.
pub const OIDC_REST_MS: i64 = 10 * 1000;
/// Its clock may be ahead of ours by so much.
pub const OIDC_SKEW_MS: i64 = 2 * 60 * 1000;
/// The longest password that is hashed.
pub const PASSWORD: usize = 1024;
/// Event streams in all.
pub const STREAMS: usize = 2_000;
/// Events that wait for the reader of a stream.
pub const STREAM_WAITING: usize = 256;
/// Event streams of one session.
pub const STREAMS_PER_SESSION: usize = 5;
/// Lines of a table that is exported, without its head.
pub const CSV_ROWS: usize = 100_000;
/// Lines of such a table that are read at once.
pub const CSV_PAGE: i64 = 500;
/// Rows of a page of the queue.
pub const PAGE: i64 = 50;
/// The most rows that may be asked for.
pub const PAGE_MOST: i64 = 200;
/// The longest text of a draft in bytes.
pub const DRAFT: usize = 64 * 1024;
/// A draft that nobody sent is kept so long.
pub const DRAFT_MS: i64 = 30 * 86_400_000;
/// Failed sign-ins are counted together for so long.
pub const THROTTLE_MS: i64 = 86_400_000;
/// A form that was sent is known again for so long.
pub const FORM_KEY_MS: i64 = 86_400_000;
/// A worker that is gone is known for so long.
pub const WORKER_KEPT_MS: i64 = 7 * 86_400_000;
/// Detections whose documents are removed in one transaction.
pub const RETENTION_STEP: i64 = 200;
/// Between two such transactions others may write.
pub const RETENTION_PAUSE: Duration = Duration::from_millis(20);
/// How long a stopping server says that it is not ready before it accepts no more connections.
pub const DRAIN: Duration = Duration::from_secs(2);
/// It is known for so long when a person last looked at a case.
pub const LOOK_MS: i64 = 90 * 86_400_000;
/// Tasks of one case.
pub const TASKS: usize = 100;
/// The longest task, in characters.
pub const TASK: usize = 300;
/// Templates of one organisation, tasks of one, and the longest name of one in characters.
pub const TEMPLATES: usize = 100;
/// See [`TEMPLATES`].
pub const TEMPLATE_TASKS: usize = 30;
/// See [`TEMPLATES`].
pub const TEMPLATE_NAME: usize = 80;
/// Patterns of sensor tags in the policy of one organisation, and the longest one in characters.
pub const VETO_TAGS: usize = 50;
/// See [`VETO_TAGS`].
pub const VETO_TAG: usize = 64;
/// Patterns of rules that only people close, and characters of one.
pub const VETO_RULES: usize = 200;
/// See [`VETO_RULES`].
pub const VETO_RULE: usize = 300;
/// The newest cases of an organisation on which a change of its policy is tried.
pub const PREVIEWED: i64 = 1_000;
/// Runs of these that are looked at, and characters of the longest document that is read.
pub const PREVIEWED_RUNS: i64 = 2_000;
/// See [`PREVIEWED_RUNS`].
pub const PREVIEWED_DOCUMENT: i64 = 64 * 1024;
/// The newest cases that are played through gates for it where they are eligible, those before [`PREVIEWED`] as
/// evidence.
pub const PREVIEW_PLAYED: i64 = 10_000;
/// How often a process looks for keys that were written in a browser of another one.
pub const KEYS_EVERY: Duration = Duration::from_secs(5);
/// Bytes of a key that is written in a browser, at least and at most.
pub const KEY_BYTES: (usize, usize) = (8, 4_096);
/// A key of so many bytes is told apart by its last four.
pub const KEY_TOLD: usize = 16;
/// Views of the queue that one person may save.
pub const SAVED_VIEWS: usize = 30;
/// The longest name of one, in characters.
pub const VIEW_NAME: usize = 60;
/// Cases that one act may decide.
pub const BULK_MOST: usize = 10_000;
/// Cases that an act decides within its request, and that an analyst may decide at once; more are a lead's, and a job.
pub const BULK_AT_ONCE: usize = 200;
/// Cases that an act decides in one transaction, so that others get their turn at the writer.
pub const BULK_STEP: i64 = 50;
/// After so long a job takes up what a request left behind.
pub const BULK_TAKE_UP_MS: i64 = 30_000;
/// Connections at once.
pub const CONNECTIONS: usize = 1024;
/// One call to LimaCharlie, everything in it included.
pub const LIMACHARLIE_CALL: Duration = Duration::from_mins(1);
/// The evidence of one run is gathered within this time; what is late is told to be.
pub const EVIDENCE: Duration = Duration::from_secs(20);
/// A late look-up waits so long for its turn at a provider.
pub const INTEL_TURN: Duration = Duration::from_mins(1);
/// A triage begins questions to intelligence providers within this time; a later look-up asks the others.
pub const INTEL_ASKING: Duration = Duration::from_secs(5);
/// Values of one detection that each intelligence provider is asked about.
pub const INTEL_VALUES: usize = 20;
/// Values of all detections of a case together that each is asked about for one run.
pub const INTEL_CASE_VALUES: usize = 50;
/// Detections of a case whose values are looked up: the newest of so many behaviours, and so many of the newest.
pub const INTEL_DETECTIONS: i64 = 50;
/// After these waits a question that failed is asked again.
pub const INTEL_AGAIN_MS: [i64; 4] = [60_000, 300_000, 900_000, 3_600_000];
/// The longest wait that a provider may ask for.
pub const INTEL_QUIET_MS: i64 = 600_000;
/// So many failures in a row, and a provider is left alone for a minute.
pub const INTEL_FAILURES: i64 = 5;
/// A provider that refused its key is left alone for so long.
pub const INTEL_REFUSED_MS: i64 = 900_000;
/// Questions that one look-up job asks before it lets others have their turn.
pub const INTEL_LATE: i64 = 20;
/// Evidence so young is not asked for again.
pub const EVIDENCE_FRESH_MS: i64 = 10 * 60 * 1000;
/// Events, bytes and pages of an activity sweep that are read.
pub const SWEEP_EVENTS: usize = 5_000;
/// Bytes of an activity sweep that are read.
pub const SWEEP_BYTES: usize = 8 * 1024 * 1024;
/// Pages of an activity sweep that are read; one may be empty and not the last.
pub const SWEEP_PAGES: usize = 200;
/// An activity sweep by hand ends after this time.
pub const SWEEP: Duration = Duration::from_mins(1);
/// The largest answer of LimaCharlie's, as sent.
pub const LIMACHARLIE_BODY: usize = 32 * 1024 * 1024;
/// The largest list in an answer of LimaCharlie's, after decompression.
pub const LIMACHARLIE_UNPACKED: usize = 128 * 1024 * 1024;
