//! Where in a detection a search hit: the text that holds most of the words, read from the document itself.
use super::words::{self, Place};
use crate::domain::search::{Field, Term};
use crate::domain::terms;
use crate::domain::{Detection, Observable};
use std::ops::Range;

/// How many characters are shown before the first hit, and in all.
const BEFORE: usize = 60;
const SHOWN: usize = 240;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Whether it is what was looked for.
    pub hit: bool,
    /// The text, as it stands there.
    pub text: String,
}

/// A part of a text around what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where the text stands, such as `PARENT/COMMAND_LINE`.
    pub place: String,
    /// Its pieces in order.
    pub pieces: Vec<Piece>,
}

/// The text of a detection that holds most of the terms, the first of its like.
pub fn find(detection: &Detection, observables: &[Observable], wanted: &[&Term]) -> Option<Found> {
    let fields = words::fields(detection, observables);
    let texts = words::texts(detection);
    let mut best: Option<(usize, &Place<'_>, Vec<Range<usize>>)> = None;
    for place in texts.iter().chain(&fields) {
        let (terms, hits) = hits(place.field, place.text, wanted);
        if terms > best.as_ref().map_or(0, |(most, ..)| *most) {
            best = Some((terms, place, hits));
        }
    }
    best.map(|(_, place, hits)| Found { place: place.name.clone(), pieces: around(place.text, &hits) })
}

/// The same for a single text.
pub fn find_in(place: &str, text: &str, wanted: &[&Term]) -> Option<Found> {
    let (terms, hits) = hits(None, text, wanted);
    (terms > 0).then(|| Found { place: place.to_owned(), pieces: around(text, &hits) })
}

/// How many terms a text holds, and where, in order and without overlaps.
fn hits(field: Option<Field>, text: &str, wanted: &[&Term]) -> (usize, Vec<Range<usize>>) {
    let words: Vec<_> = terms::words(text).collect();
    let mut all = Vec::new();
    let mut count = 0;
    for term in wanted.iter().filter(|term| term.field.is_none() || term.field == field) {
        let places = term.places(&words);
        count += usize::from(!places.is_empty());
        all.extend(places);
    }
    all.sort_by_key(|place| (place.start, place.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in all {
        match merged.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    (count, merged)
}

/// A window on the text that begins shortly before its first hit.
fn around(text: &str, hits: &[Range<usize>]) -> Vec<Piece> {
    let first = hits.first().map_or(0, |hit| hit.start);
    let start = text[..first].char_indices().rev().take(BEFORE).last().map_or(first, |(at, _)| at);
    let end = text[start..].char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| start + at);
    let mut pieces = Vec::new();
    let mut add = |hit: bool, text: &str| {
        if !text.is_empty() {
            pieces.push(Piece { hit, text: text.to_owned() });
        }
    };
    add(false, if start > 0 { "…" } else { "" });
    let mut at = start;
    for hit in hits.iter().filter(|hit| hit.start < end) {
        add(false, &text[at..hit.start]);
        add(true, &text[hit.start..hit.end.min(end)]);
        at = hit.end.min(end);
    }
    add(false, &text[at..end]);
    add(false, if end < text.len() { "…" } else { "" });
    pieces
}
