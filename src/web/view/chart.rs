//! Cases a day by verdict as stacked bars: only attributes, so that no style is needed, and the same as a table.
use super::strip::day_text;

/// The drawing's width, and what is left of the bars.
const WIDTH: i64 = 640;
const LEFT: i64 = 36;
/// The line on which the bars stand, and the highest one's top.
const FOOT: i64 = 180;
const TOP: i64 = 30;

/// A piece of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Its hue's class.
    pub class: &'static str,
    /// Its left side.
    pub x: i64,
    /// Its top.
    pub y: i64,
    /// Its height.
    pub height: i64,
}

/// A mark above a bar with true positives, so that it is seen without its hue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its left side.
    pub x: i64,
    /// Its top.
    pub y: i64,
}

/// The chart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chart {
    /// The pieces of all bars.
    pub pieces: Vec<Piece>,
    /// Their width.
    pub width: i64,
    /// True positives.
    pub marks: Vec<Mark>,
    /// Lines across: place, number.
    pub lines: Vec<(i64, i64)>,
    /// Days below: place, text.
    pub labels: Vec<(i64, String)>,
}

/// The hues of the pieces from below: false positive, benign true positive, not enough evidence, true positive.
const CLASSES: [&str; 4] = ["s-fp", "s-bt", "s-un", "s-tp"];

/// Bars for days one after the other, each with its cases by verdict in the order of the pieces from below.
pub fn chart(first_day: i64, days: &[[i64; 4]]) -> Chart {
    let count = i64::try_from(days.len()).unwrap_or(1).max(1);
    let slot = (WIDTH - LEFT) / count;
    let width = (slot * 2 / 3).clamp(2, 26);
    let most = scale(days.iter().map(|day| day.iter().sum()).max().unwrap_or_default());
    let mut all = Chart { width, ..Chart::default() };
    all.lines = (0..=2).map(|part| (FOOT - (FOOT - TOP) * part / 2, most * part / 2)).collect();
    let every = (count * 24).div_euclid(WIDTH - LEFT) + 1;
    for (at, day) in (0_i64..).zip(days) {
        let x = LEFT + at * slot + (slot - width) / 2;
        let foot = stack(&mut all, (x, most), day);
        if day[3] > 0 && slot >= 12 {
            all.marks.push(Mark { x: x + width / 2 - 6, y: foot - 14 });
        }
        if at % every == 0 {
            let text = day_text(first_day + at).get(8..).unwrap_or_default().to_owned();
            all.labels.push((x + width / 2, text));
        }
    }
    all
}

/// The pieces of one bar; returns its top.
fn stack(all: &mut Chart, (x, most): (i64, i64), day: &[i64; 4]) -> i64 {
    let mut foot = FOOT;
    for (class, cases) in CLASSES.into_iter().zip(day).filter(|(_, cases)| **cases > 0) {
        // A gap of one between two pieces tells them apart without hue.
        let height = (cases * (FOOT - TOP) / most - 1).max(2);
        foot -= height + 1;
        all.pieces.push(Piece { class, x, y: foot, height });
    }
    foot
}

/// The number at the top: even, not less than the most, and short.
fn scale(most: i64) -> i64 {
    let mut step = 2;
    while step < most {
        step = if step.to_string().starts_with('5') { step * 2 } else { (step * 5 / 2).max(step + 2) };
        step += step % 2;
    }
    step
}
