//! Many ids as a short text: `1-40, 45, 50-99`.

/// Ids in ascending order as text.
pub fn write(ids: &[i64]) -> String {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match spans.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(*id) => last.1 = *id,
            _ => spans.push((*id, *id)),
        }
    }
    let text = |(from, to): &(i64, i64)| if from == to { from.to_string() } else { format!("{from}-{to}") };
    spans.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The spans of such a text, both ends included; what is none is left out.
pub fn read(text: &str) -> impl Iterator<Item = (i64, i64)> {
    text.split(", ").filter_map(|span| {
        let (from, to) = span.split_once('-').unwrap_or((span, span));
        Some((from.parse().ok()?, to.parse().ok()?))
    })
}
