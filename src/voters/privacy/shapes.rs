//! Keys of known services by their shape, and how random a text looks.

/// Beginnings of keys, and how many characters of a key follow at least.
const STARTS: &[(&str, usize)] = &[
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("sk-", 20),
    ("sk_live_", 10),
    ("rk_live_", 10),
    ("AIza", 30),
    ("ya29.", 16),
    ("npm_", 30),
    ("pypi-", 30),
    ("hf_", 20),
    ("dop_v1_", 30),
    ("SG.", 30),
    ("eyJ", 20),
];

/// The keys in a text.
pub(super) fn find(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, least) in STARTS {
        for (at, _) in text.match_indices(start) {
            let free = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let rest = &text[at + start.len()..];
            let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c))).unwrap_or(rest.len());
            // A token in JSON Web form has three parts.
            let whole = *start != "eyJ" || rest[..len].matches('.').count() >= 2;
            if free && len >= *least && whole {
                found.push(text[at..at + start.len() + len].trim_end_matches('.').to_owned());
            }
        }
    }
    private_keys(text, &mut found);
    hooks(text, &mut found);
    found
}

/// `-----BEGIN … PRIVATE KEY-----` up to its end, or to the end of the text where it was cut.
fn private_keys(text: &str, found: &mut Vec<String>) {
    let mut rest = text;
    while let Some(at) = rest.find("PRIVATE KEY-----") {
        let body = &rest[at + "PRIVATE KEY-----".len()..];
        let end = body.find("-----END").unwrap_or(body.len());
        found.push(body[..end].to_owned());
        rest = &body[end..];
        rest = rest.strip_prefix("-----END").and_then(|rest| rest.split_once("KEY-----")).map_or("", |(_, rest)| rest);
    }
}

/// Addresses that are a secret by themselves.
fn hooks(text: &str, found: &mut Vec<String>) {
    for hook in ["hooks.slack.com/services/", "discord.com/api/webhooks/", "webhook.office.com/webhookb2/"] {
        for (at, _) in text.match_indices(hook) {
            let rest = &text[at + hook.len()..];
            let len = rest.find(|c: char| c.is_whitespace() || "\"'<>;".contains(c)).unwrap_or(rest.len());
            found.push(rest[..len].to_owned());
        }
    }
}

/// Shannon entropy in bits a character.
#[expect(clippy::cast_precision_loss, reason = "texts are far shorter than 2^52 bytes")]
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_usize; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let len = text.len().max(1) as f64;
    counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / len).map(|share| -share * share.log2()).sum()
}
