//! Tags on cases: free words of people, and those of the Traffic Light Protocol (FIRST TLP 2.0).

/// The most tags of a case.
pub const MOST: usize = 20;
/// The longest tag, in characters.
pub const LONGEST: usize = 40;

/// Who may be told, from the most to the least restricted: the tag and its label.
pub const TLP: &[(&str, &str)] = &[
    ("tlp:red", "TLP:RED"),
    ("tlp:amber+strict", "TLP:AMBER+STRICT"),
    ("tlp:amber", "TLP:AMBER"),
    ("tlp:green", "TLP:GREEN"),
    ("tlp:clear", "TLP:CLEAR"),
];

/// Reads a tag as it was typed.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn read(text: &str) -> Result<String, String> {
    let tag = text.trim().to_lowercase();
    if tag.starts_with("tlp:") {
        let known = TLP.iter().map(|(tag, _)| *tag).collect::<Vec<_>>();
        return if known.contains(&tag.as_str()) {
            Ok(tag)
        } else {
            Err(format!("A TLP tag is one of {}.", known.join(", ")))
        };
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.:".contains(c);
    if tag.is_empty() || tag.chars().count() > LONGEST || !tag.chars().all(fits) {
        return Err(format!("A tag has 1 to {LONGEST} characters: letters a to z, digits, and - _ . :"));
    }
    Ok(tag)
}

/// Whether a tag is one of the Traffic Light Protocol.
pub fn is_tlp(tag: &str) -> bool {
    tag.starts_with("tlp:")
}

/// How few may be told what carries these tags: 0 for `tlp:red` to 4, and 5 without such a tag.
pub fn reach(tags: &[String]) -> usize {
    TLP.iter().position(|(known, _)| tags.iter().any(|tag| tag == known)).unwrap_or(TLP.len())
}

/// The label of the Traffic Light Protocol among tags.
pub fn tlp(tags: &[String]) -> Option<&'static str> {
    TLP.get(reach(tags)).map(|(_, label)| *label)
}

/// A tag as it is shown.
pub fn label(tag: &str) -> &str {
    TLP.iter().find(|(known, _)| *known == tag).map_or(tag, |(_, label)| label)
}
