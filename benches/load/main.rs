//! Load: how fast detections are taken in, and how fast pages are while the store grows.
//!
//! `cargo bench --bench load -- ingest|pages|stream|calls|analyst [--count N] [--stream FILE] [--data DIR] [--minutes N]
//! [--hours N] [--without-precedents] [--folds N] [--planted] [--limit SHARE [--back-off]]`. Figures are printed; nothing
//! here passes or fails. Where pages or ingest are measured, the server runs in this process on a store of its own with
//! `durability = "full"`, and is asked over HTTP on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]
mod analyst;
mod calls;
mod data;
mod ingest;
mod pages;
mod plain;
mod server;
mod stream;

fn main() {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let value = |name: &str| {
        arguments.iter().position(|argument| argument == name).and_then(|at| arguments.get(at + 1)).cloned()
    };
    let count = value("--count").map_or(10_000, |count| count.parse().expect("--count: a number"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let documents = || data::documents(value("--stream").as_deref(), count);
    match arguments.first().map(String::as_str) {
        Some("ingest") => runtime.block_on(ingest::run(&documents())),
        Some("pages") => runtime.block_on(pages::run(&documents(), value("--data").as_deref())),
        Some("stream") => runtime.block_on(stream::run(&value("--stream").expect("--stream: a file"))),
        Some("calls") => {
            let usual = fusionsoc::config::Panel::default().reuse_minutes;
            let minutes = value("--minutes").map_or(usual, |minutes| minutes.parse().expect("--minutes: a number"));
            runtime.block_on(calls::run(&value("--stream").expect("--stream: a file"), count, minutes));
        }
        Some("analyst") => runtime.block_on(analyst::run(&analyst::Asked {
            file: value("--stream").expect("--stream: a file"),
            count,
            hours: value("--hours").map_or(4, |hours| hours.parse().expect("--hours: a number")),
            declares: !arguments.iter().any(|argument| argument == "--without-precedents"),
            folds: value("--folds").map_or(0, |folds| folds.parse().expect("--folds: a number")),
            planted: arguments.iter().any(|argument| argument == "--planted"),
            alone: value("--limit").map(|limit| analyst::Alone {
                limit: limit.parse().expect("--limit: a share"),
                back_off: arguments.iter().any(|argument| argument == "--back-off"),
            }),
        })),
        _ => println!(
            "usage: load ingest|pages|stream|calls|analyst [--count N] [--stream FILE] …, see benches/load/main.rs"
        ),
    }
}

/// The value below which a share of the sorted times lies, in ms.
pub fn percentile(sorted: &[f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(at).copied().unwrap_or_default()
}
