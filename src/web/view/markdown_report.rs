//! A report as Markdown: every text of the case escaped, so that none becomes a heading, a link or a picture.
use super::report::{Line, List, Report, harmless};
use super::text::visible;
use crate::domain::tag;
use crate::store::cases::Case;
use std::fmt::Write;

/// The report.
pub fn markdown(case: &Case, customer: &str, report: &Report) -> String {
    let title = escaped(&harmless(&case.title));
    let mut out = format!("# Case {}: {title}\n\nReport for {}\n", case.number, escaped(customer));
    if let Some(tlp) = tag::tlp(&case.tags.0) {
        // Writing to a String can't fail, here and below.
        let _ = write!(out, "\nSharing: {tlp}\n");
    }
    for (heading, text) in &report.summary {
        let _ = write!(out, "\n## {heading}\n\n{}\n", escaped(text));
    }
    list(&mut out, "What argues against the vote", &report.flags, |text| escaped(text));
    list(&mut out, "Votes", &report.votes, |vote| {
        let stated = if vote.stated.is_empty() { String::new() } else { format!(", stated {}", vote.stated) };
        format!("{}: {}{stated}. {}", escaped(&vote.voter), vote.glyph.word.to_lowercase(), escaped(&vote.said))
    });
    list(&mut out, "Decisions", &report.decisions, line);
    list(&mut out, "Actions done", &report.actions, line);
    list(&mut out, "Remediation and recommendations", &report.notes, line);
    list(&mut out, "Detections", &report.detections, line);
    list(&mut out, "Observables", &report.observables, |one| {
        format!("{}: {} ({})", one.kind, escaped(&one.value), escaped(&one.role))
    });
    out
}

fn line(line: &Line) -> String {
    let who = if line.who.is_empty() { String::new() } else { format!(", {}", escaped(&line.who)) };
    format!("{}{who}: {}", line.at.full, escaped(&line.text))
}

fn list<T>(out: &mut String, heading: &str, list: &List<T>, line: impl Fn(&T) -> String) {
    let _ = write!(out, "\n## {heading}\n\n");
    for one in &list.lines {
        let _ = writeln!(out, "- {}", line(one));
    }
    match (list.lines.len(), list.left_out) {
        (0, _) => out.push_str("None.\n"),
        (_, 0) => {}
        (_, more) => {
            let _ = write!(out, "\n{more} more are left out here.\n");
        }
    }
}

/// A text of one line in which nothing is Markdown or HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in visible(text).chars() {
        if letter.is_ascii_punctuation() && !matches!(letter, ',' | ';' | ':' | '/' | '\'' | '"' | '%' | '?' | '.') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
