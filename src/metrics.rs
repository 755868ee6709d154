//! What the program counts of itself, for whoever watches it: one set of numbers for the process.
//!
//! A label holds a word of ours or a name of the settings, never a text from outside: what is not known is `other`, so
//! that nobody who sends something can make the numbers grow. What the store knows better, such as how many jobs
//! wait, is not counted here but read when it is asked for.
mod call;
mod labels;

pub use call::{Call, class};

use self::labels::{METHODS, SOURCES, of};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};
use std::cell::Cell;
use std::sync::LazyLock;
use std::time::Duration;

/// A write that waited longer than this for its turn counts as a busy store.
pub const SLOW_WRITE: Duration = Duration::from_millis(250);
/// Seconds, for what a person or a program waits for.
const SHORT: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Seconds, for models and for work in the background.
const LONG: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// All numbers.
struct Metrics {
    registry: Registry,
    detections: IntCounterVec,
    jobs: HistogramVec,
    votes: HistogramVec,
    calls: HistogramVec,
    logins: IntCounterVec,
    busy: IntCounterVec,
    writes: HistogramVec,
    requests: HistogramVec,
    connections: IntGauge,
}

static OURS: LazyLock<Option<Metrics>> = LazyLock::new(|| Metrics::new().ok());

thread_local! {
    /// Numbers of what runs on this thread alone.
    static HERE: Cell<Option<&'static Metrics>> = const { Cell::new(None) };
}

/// Counts what runs on this thread by itself from now on; for tests, which share a process and have a thread each.
pub fn apart_here() {
    let own: Option<&'static Metrics> = Metrics::new().ok().map(|own| &*Box::leak(Box::new(own)));
    HERE.set(own);
}

fn with(count: impl FnOnce(&Metrics)) {
    if let Some(metrics) = HERE.get().or_else(|| OURS.as_ref()) {
        count(metrics);
    }
}

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let one = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(one.clone()))?;
            Ok::<_, prometheus::Error>(one)
        };
        let times = |name: &str, help: &str, buckets: &[f64], labels: &[&str]| {
            let one = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels)?;
            registry.register(Box::new(one.clone()))?;
            Ok::<_, prometheus::Error>(one)
        };
        let connections = IntGauge::new("fusionsoc_connections", "Connections that are open.")?;
        registry.register(Box::new(connections.clone()))?;
        Ok(Self {
            detections: counter("fusionsoc_detections_total", "Detections delivered.", &["result", "source"])?,
            jobs: times("fusionsoc_job_seconds", "Time that a job took.", LONG, &["kind", "result"])?,
            votes: times("fusionsoc_vote_seconds", "Time that a voter took to answer.", LONG, &["voter", "state"])?,
            calls: times(
                "fusionsoc_upstream_seconds",
                "Time of a call to the outside.",
                LONG,
                &["provider", "status"],
            )?,
            logins: counter("fusionsoc_login_failures_total", "Sign-ins and tokens refused.", &["reason"])?,
            busy: counter("fusionsoc_store_busy_total", "Writes that waited long or got no turn.", &["what"])?,
            writes: times("fusionsoc_store_write_wait_seconds", "Time until a write had its turn.", SHORT, &[])?,
            requests: times("fusionsoc_http_seconds", "Time of a request.", SHORT, &["method", "route", "status"])?,
            connections,
            registry,
        })
    }
}

/// Counts detections of a source such as `webhook:acme`; `result` is `accepted`, `duplicate` or `rejected`.
pub fn detections(result: &'static str, source: &str, count: i64) {
    let source = of(source.split([':', ' ']).next().unwrap_or_default(), SOURCES);
    let count = u64::try_from(count).unwrap_or_default();
    with(|all| all.detections.with_label_values(&[result, source]).inc_by(count));
}

/// A job of a kind that we know ended: `done`, `again`, `dead` or `lost`.
pub fn job(kind: &'static str, result: &'static str, took: Duration) {
    with(|all| all.jobs.with_label_values(&[kind, result]).observe(took.as_secs_f64()));
}

/// A voter, by its name in the settings, answered, abstained or failed.
pub fn vote(voter: &str, state: &'static str, took: Duration) {
    with(|all| all.votes.with_label_values(&[voter, state]).observe(took.as_secs_f64()));
}

/// A call to somebody outside ended; `status` is a class such as `2xx`, or `none` where no answer came.
pub fn called(provider: &'static str, status: &'static str, took: Duration) {
    with(|all| all.calls.with_label_values(&[provider, status]).observe(took.as_secs_f64()));
}

/// A sign-in was refused: `password`, `code`, `provider`, `slowed` or `token`.
pub fn login_failed(reason: &'static str) {
    with(|all| all.logins.with_label_values(&[reason]).inc());
}

/// A write got its turn, or none, after so long.
pub fn wrote(waited: Duration, refused: bool) {
    with(|all| {
        all.writes.with_label_values::<&str>(&[]).observe(waited.as_secs_f64());
        match refused {
            true => all.busy.with_label_values(&["refused"]).inc(),
            false if waited > SLOW_WRITE => all.busy.with_label_values(&["waited"]).inc(),
            false => {}
        }
    });
}

/// A request of the router's `route`, or none of its own, was answered.
pub fn request(method: &str, route: Option<&str>, status: u16, took: Duration) {
    let (method, status) = (of(method, METHODS), status.to_string());
    let route = route.unwrap_or("none");
    with(|all| all.requests.with_label_values(&[method, route, status.as_str()]).observe(took.as_secs_f64()));
}

/// A connection more, or one less.
pub fn connected(more: i64) {
    with(|all| all.connections.add(more));
}

/// Connections that are open.
pub fn connections() -> i64 {
    let mut open = 0;
    with(|all| open = all.connections.get());
    open
}

/// How writes fared since the start: how many there were, how long they waited together, how many waited long or got no turn.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Writes {
    /// All.
    pub count: u64,
    /// Seconds.
    pub waited: f64,
    /// Those that waited long.
    pub slow: u64,
    /// Those that got no turn.
    pub refused: u64,
}

/// See [`Writes`].
pub fn writes() -> Writes {
    let mut said = Writes::default();
    with(|all| {
        let times = all.writes.with_label_values::<&str>(&[]);
        let busy = |what| all.busy.with_label_values(&[what]).get();
        said = Writes {
            count: times.get_sample_count(),
            waited: times.get_sample_sum(),
            slow: busy("waited"),
            refused: busy("refused"),
        };
    });
    said
}

/// All of it in Prometheus' text format, after what was read for this answer alone.
///
/// # Errors
/// Where a name or label can't be written.
pub fn text(read: &Registry) -> prometheus::Result<String> {
    let mut families = read.gather();
    with(|all| families.extend(all.registry.gather()));
    TextEncoder::new().encode_to_string(&families)
}
