//! Reads a question. Nothing that is typed is an error: what can't be understood is told and left out.
use super::{About, Condition, Field, Meaning, Part, Query, Term};
use crate::domain::{MachineVerdict, Severity, Status, UnknownWord, Verdict, tag, terms};
use std::net::IpAddr;
use std::str::FromStr;

/// A part before it is understood.
struct Raw<'a> {
    source: &'a str,
    excluded: bool,
    prefix: &'a str,
    value: &'a str,
    quoted: bool,
}

/// Reads what was typed.
pub fn read(text: &str) -> Query {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (raw, after) = split(rest);
        parts.extend(meaning(&raw).map(|meaning| Part { source: raw.source.to_owned(), meaning }));
        rest = after.trim_start();
    }
    let mut query = Query { parts };
    if !query.asks() && query.problems().next().is_none() && !text.trim().is_empty() {
        let nothing = "There is nothing to look for: type a letter or a digit at least.";
        query.parts.push(Part { source: text.trim().to_owned(), meaning: Meaning::Problem(nothing.to_owned()) });
    }
    query
}

/// The first part, and what follows it.
fn split(text: &str) -> (Raw<'_>, &str) {
    let after_dash = text.strip_prefix('-').filter(|rest| rest.starts_with(|c: char| !c.is_whitespace() && c != '-'));
    let (excluded, body) = (after_dash.is_some(), after_dash.unwrap_or(text));
    let word = &body[..body.find(char::is_whitespace).unwrap_or(body.len())];
    let prefix = prefix(word);
    let value = if prefix.is_empty() { body } else { &body[prefix.len() + 1..] };
    let (value, quoted, after) = if let Some(inside) = value.strip_prefix('"') {
        let end = inside.find('"').unwrap_or(inside.len());
        (&inside[..end], true, inside.get(end + 1..).unwrap_or_default())
    } else {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        (&value[..end], false, &value[end..])
    };
    let source = text[..text.len() - after.len()].trim_end();
    (Raw { source, excluded, prefix, value, quoted }, after)
}

/// What stands before the colon where that looks like a prefix: not a drive, a URL's scheme, an address.
fn prefix(word: &str) -> &str {
    let Some((name, value)) = word.split_once(':') else { return "" };
    let looks = (2..=20).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let other = value.starts_with(['/', '\\', ':']) || word.parse::<IpAddr>().is_ok();
    if looks && !other { name } else { "" }
}

fn meaning(raw: &Raw<'_>) -> Option<Meaning> {
    let prefix = raw.prefix.to_ascii_lowercase();
    if prefix.is_empty() {
        return term(raw, None).map(Meaning::Term);
    }
    if raw.value.trim().is_empty() {
        return Some(Meaning::Problem(format!("{prefix}: needs a value right after the colon.")));
    }
    if let Ok(field) = prefix.parse::<Field>() {
        let nothing = || Meaning::Problem(format!("{prefix}: {} holds no letter or digit.", raw.value));
        return Some(term(raw, Some(field)).map_or_else(nothing, Meaning::Term));
    }
    let condition = match prefix.as_str() {
        "verdict" => word::<Verdict>(About::Verdict, raw),
        "machine" => word::<MachineVerdict>(About::Machine, raw),
        "status" => word::<Status>(About::Status, raw),
        "severity" => word::<Severity>(About::Severity, raw),
        "org" => Ok(Condition::Org { slug: raw.value.to_lowercase(), excluded: raw.excluded }),
        "tag" => tag::read(raw.value)
            .map(|tag| Condition::Tag { tag, excluded: raw.excluded })
            .map_err(|problem| format!("tag: {problem}")),
        "before" => time(raw).map(Condition::Before),
        "after" => time(raw).map(Condition::After),
        _ => Err(unknown(&prefix)),
    };
    Some(condition.map_or_else(Meaning::Problem, Meaning::Condition))
}

fn unknown(prefix: &str) -> String {
    let fields = Field::ALL.iter().map(|field| field.as_str());
    let about = About::ALL.iter().map(|about| about.as_str());
    let all: Vec<_> =
        fields.chain(about).chain(["org", "tag", "before", "after"]).map(|name| format!("{name}:")).collect();
    format!("{prefix}: is not a prefix. Known are {}. Quotes make it a text.", all.join(", "))
}

/// Words to find. A whole address is taken as it is; otherwise the last word may be a beginning.
fn term(raw: &Raw<'_>, field: Option<Field>) -> Option<Term> {
    let words: Vec<_> = terms::words(raw.value).map(|word| word.text).collect();
    let long = words.last()?.chars().count() + usize::from(words.len() > 1) >= terms::PREFIX_FROM;
    let ends_in_word = raw.value.ends_with(|c: char| c.is_alphanumeric() || c == '*');
    let prefix = !raw.quoted && long && ends_in_word && raw.value.parse::<IpAddr>().is_err();
    Some(Term { field, text: raw.value.to_owned(), words, prefix, excluded: raw.excluded })
}

/// A word of a closed list; `-` and blanks stand for `_`.
fn word<T: FromStr<Err = UnknownWord> + Into<&'static str>>(about: About, raw: &Raw<'_>) -> Result<Condition, String> {
    let value = raw.value.trim().to_lowercase().replace(['-', ' '], "_");
    let known: T = value.parse().map_err(|unknown: UnknownWord| {
        format!("{about}: must be one of {}, not “{}”.", unknown.allowed, unknown.word)
    })?;
    Ok(Condition::Is { about, word: known.into(), excluded: raw.excluded })
}

/// A day, or a time of RFC 3339; a day is its first moment in UTC.
fn time(raw: &Raw<'_>) -> Result<i64, String> {
    if raw.excluded {
        return Err(format!("-{}: a time can't be excluded; use before: or after: without the dash.", raw.prefix));
    }
    let is_day = raw.value.len() == 10 && raw.value.is_ascii();
    let text = if is_day { format!("{}T00:00:00Z", raw.value) } else { raw.value.to_owned() };
    let wrong = |_| {
        format!(
            "{}: must be a day such as 2026-03-19 or a time such as 2026-03-19T06:29:39Z, not “{}”.",
            raw.prefix.to_lowercase(),
            raw.value
        )
    };
    text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map_err(wrong)
}
