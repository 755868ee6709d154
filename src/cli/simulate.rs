//! `simulate`: histories with planted errors, judged by the very functions that judge real ones.
//!
//! A panel of voters is planted whose members err together: on a true positive a common shock makes all of them say
//! false positive, else each errs by itself. What they agree on as false positive is what would be closed, and the share
//! of true positives in it is set to a multiple of the limit. People review; bursts are reviewed by one act; a lead
//! switches every proposed gate on at once. Told is how often a gate was ever open whose true share is above the limit,
//! every look counted, and the same of the naive rule that 20 clean reviews in a row open.
mod history;
mod planted;
mod tally;

use clap::Args;
use history::Setting;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tally::Row;

/// The limits, and the true share as a multiple of them.
const LIMITS: [f64; 3] = [0.01, 0.02, 0.05];
const FACTORS: [f64; 6] = [0.1, 0.5, 0.9, 1.1, 1.5, 3.0];

/// `simulate`
#[derive(Debug, Args)]
pub struct Simulate {
    /// Histories of each kind.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    histories: u32,
    /// The same number makes the same histories.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    /// Simulates and tells.
    pub fn run(&self) -> ExitCode {
        let settings = settings();
        let rows = rows(&settings, self.histories, self.seed);
        if self.json {
            println!("{:#}", tally::json(&rows, self.histories, self.seed));
        } else {
            print!("{}", tally::text(&rows, self.histories, self.seed));
        }
        if tally::holds(&rows) { ExitCode::SUCCESS } else { ExitCode::from(1) }
    }
}

/// Every kind of history: limits and true shares, one rule alone and a family of rules, and a share that jumps once the
/// gate is active.
fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for limit in LIMITS {
        for back_off in [false, true] {
            all.extend(FACTORS.map(|factor| Setting { limit, factor, back_off, jumps_to: None }));
        }
        all.push(Setting { limit, factor: 0.1, back_off: false, jumps_to: Some(5.0) });
    }
    all
}

/// One row for each setting, on all cores; each history has a seed of its own, so the order does not matter.
fn rows(settings: &[Setting], histories: u32, seed: u64) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(settings.len());
    let work = || {
        while let Some(setting) = settings.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut row = Row::of(*setting);
            for number in 0..histories {
                row.add(&history::lived(setting, seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(number)));
            }
            if let Ok(mut done) = done.lock() {
                done.push(row);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(work);
        }
    });
    let mut rows = done.into_inner().unwrap_or_default();
    rows.sort_by_key(|row| settings.iter().position(|setting| *setting == row.setting));
    rows
}
