//! Statements about what threat intelligence says.
use super::Ctx;
use super::facts::{Judged, agree};
use super::stance::{self, Stance};
use super::text::Sentence;
use crate::domain::claim::{ClaimKind, ClaimState};
use crate::domain::dossier::Intel;
use crate::intel::words;

/// Those who look.
const ENGINES: &[&str] =
    &["engine", "engines", "vendor", "vendors", "scanner", "scanners", "antivirus", "av", "products"];
/// What they find.
const HITS: &[&str] = &["detections", "detection", "hits"];
const SOURCES: &[&str] = &["virustotal", "vt", "intelligence", "intel", "engines", "vendors", "feeds"];
const CLEAN: &[&str] = &["clean", "good", "positive", "benign", "trusted", "harmless", "excellent"];
const BAD: &[&str] = &["negative", "bad", "poor", "malicious", "low", "suspicious"];

/// What is stated.
#[derive(Clone, Copy)]
enum Said {
    /// So many call it malicious, of so many.
    Engines(i64, Option<i64>),
    /// So many found nothing.
    Nothing(i64),
    Clean(bool),
    Bad(bool),
    Malicious(bool),
    Score(i64),
}

/// Adds what the sentence says about reputation.
pub(super) fn find(ctx: &mut Ctx<'_>) {
    for at in 0..ctx.sentence.tokens.len() {
        if stance::supposed(ctx.sentence, at) {
            continue;
        }
        let numbers = ratio(ctx.sentence, at).or_else(|| score(ctx.sentence, at));
        let stance = stance::of(ctx.sentence, at);
        let denied = stance == Stance::Denies;
        let words = || {
            count(ctx.sentence, at, denied)
                .or_else(|| reputation(ctx.sentence, at, denied))
                .or_else(|| malicious(ctx.sentence, at, denied))
        };
        let told = if stance == Stance::Nothing { numbers } else { numbers.or_else(words) };
        if let Some((from, to, said)) = told {
            let judged = judge(ctx.facts.intel, said);
            ctx.add(ClaimKind::Reputation, (from, to), judged);
        }
    }
}

type Told = Option<(usize, usize, Said)>;

fn any(sentence: &Sentence<'_>, words: &[&str]) -> bool {
    sentence.tokens.iter().any(|token| words.contains(&token.word.as_str()))
}

/// `0/76`, `12 of 70 engines`, `0 out of 65`
fn ratio(sentence: &Sentence<'_>, at: usize) -> Told {
    let looks = any(sentence, ENGINES) || any(sentence, HITS) || any(sentence, SOURCES);
    if let Some((hits, all)) = sentence.word(at).split_once('/') {
        let (hits, all) = (hits.parse().ok()?, all.parse().ok()?);
        return (looks || all >= 40).then_some((at, at, Said::Engines(hits, Some(all))));
    }
    let hits = number(sentence.word(at))?;
    let link = match (sentence.word(at + 1), sentence.word(at + 2)) {
        ("of", "the") | ("out", "of") => 3,
        ("of", _) => 2,
        _ => return None,
    };
    let all = sentence.word(at + link).parse().ok()?;
    looks.then_some((at, at + link, Said::Engines(hits, Some(all))))
}

/// `no detections`, `no engine flags it`, `none of the engines`, `5 engines flag it`
fn count(sentence: &Sentence<'_>, at: usize, denied: bool) -> Told {
    let hits = match sentence.word(at) {
        "no" | "none" | "zero" => 0,
        "any" | "a" | "single" if denied => 0,
        "all" | "every" => return all_find_nothing(sentence, at),
        word => number(word)?,
    };
    if matches!(sentence.before(at, 1), "of" | "than") {
        return None;
    }
    if sentence.word(at + 1) == "undetected" {
        return Some((at, at + 1, Said::Nothing(hits)));
    }
    let noun = (at + 1..at + 6)
        .take_while(|place| *place == at + 1 || !sentence.broken(at, *place))
        .find(|place| HITS.contains(&sentence.word(*place)) || ENGINES[..6].contains(&sentence.word(*place)))?;
    if sentence.word(noun + 1) == "found" && sentence.word(noun + 2) == "nothing" {
        return Some((at, noun + 2, Said::Nothing(hits)));
    }
    let rule = matches!(sentence.word(noun + 1), "rule" | "rules" | "logic" | "name" | "signature");
    let engines = !HITS.contains(&sentence.word(noun));
    let verb = (noun + 1..noun + 5).find(|place| finds(sentence.word(*place)));
    let by = sentence.before(at, 1) == "by" && (2..=6).any(|by| finds(sentence.before(at, by)));
    let verb = verb.or(by.then_some(noun));
    let near = noun - at <= 3 || sentence.word(at) == "none";
    if rule || !near || engines && verb.is_none() {
        return None;
    }
    Some((at, verb.filter(|_| engines).unwrap_or(noun), Said::Engines(hits, None)))
}

/// `flags`, `detected`
fn finds(word: &str) -> bool {
    ["flag", "detect", "report", "call", "mark", "consider", "classif"].iter().any(|verb| word.starts_with(verb))
}

/// `all engines consider it harmless`
fn all_find_nothing(sentence: &Sentence<'_>, at: usize) -> Told {
    let noun = (at + 1..at + 4).find(|place| ENGINES.contains(&sentence.word(*place)))?;
    let end = (noun + 1..noun + 8)
        .find(|place| CLEAN.contains(&sentence.word(*place)) || sentence.word(*place) == "undetected")?;
    (!sentence.broken(at, end)).then_some((at, end, Said::Engines(0, None)))
}

fn number(word: &str) -> Option<i64> {
    const WORDS: &[&str] =
        &["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let spelled = WORDS.iter().position(|known| *known == word).and_then(|at| i64::try_from(at).ok());
    word.parse().ok().or(spelled)
}

/// `reputation of -11`, `reputation score is 3`
fn score(sentence: &Sentence<'_>, at: usize) -> Told {
    if sentence.word(at) != "reputation" {
        return None;
    }
    let links =
        (at + 1..at + 5).take_while(|place| matches!(sentence.word(*place), "score" | "of" | "is" | "was" | "value"));
    let next = at + 1 + links.count();
    let number: i64 = sentence.word(next).replace('\u{2212}', "-").parse().ok()?;
    Some((at, next, Said::Score(number)))
}

/// `a clean reputation`, `the reputation is negative`, `clean on VirusTotal`
fn reputation(sentence: &Sentence<'_>, at: usize, denied: bool) -> Told {
    let said = |word: &str| match word {
        word if CLEAN.contains(&word) => Some(Said::Clean(!denied)),
        word if BAD.contains(&word) => Some(Said::Bad(!denied)),
        _ => None,
    };
    let word = sentence.word(at);
    let follows = sentence.word(at + 1) == "reputation";
    let before = (2..=6).find(|by| sentence.before(at, *by) == "reputation" && !sentence.broken(at - by, at));
    let verb = (1..=2).any(|by| matches!(sentence.before(at, by), "is" | "was" | "looks" | "seems"));
    let on = matches!(sentence.word(at + 1), "on" | "at" | "in" | "according")
        && (at + 2..at + 5).any(|place| SOURCES[..4].contains(&sentence.word(place)));
    if follows {
        said(word).map(|said| (at, at + 1, said))
    } else if let Some(by) = before.filter(|_| verb) {
        said(word).map(|said| (at - by, at, said))
    } else if on && matches!(word, "clean" | "benign" | "harmless") {
        Some((at, at + 1, Said::Clean(!denied)))
    } else {
        None
    }
}

/// `known malicious`, `flagged as malicious`, `malicious on VirusTotal`
fn malicious(sentence: &Sentence<'_>, at: usize, denied: bool) -> Told {
    if sentence.word(at) != "malicious" || !any(sentence, SOURCES) {
        return None;
    }
    let known = matches!(sentence.before(at, 1), "known" | "as" | "is");
    let on = matches!(sentence.word(at + 1), "on" | "by" | "at" | "according" | "in");
    let counted =
        (0..at).any(|place| number(sentence.word(place)).is_some() || matches!(sentence.word(place), "no" | "none"));
    let from = if known { at - 1 } else { at };
    ((known || on) && !counted).then_some((from, at, Said::Malicious(!denied)))
}

fn judge(intel: &[Intel], said: Said) -> Judged {
    if intel.is_empty() {
        return (ClaimState::Unsupported, "No threat intelligence was asked.".to_owned());
    }
    let engines: Vec<&Intel> = intel.iter().filter(|one| words::are_engines(one)).collect();
    let hits = engines.iter().map(|one| one.malicious).max().unwrap_or_default();
    let bad = intel.iter().any(|one| one.malicious > 0);
    let scores: Vec<i64> = intel.iter().filter_map(|one| one.reputation).collect();
    let score = scores.iter().min().copied();
    let totals = |all: i64| engines.iter().any(|one| one.engines() == all || one.engines() - one.no_answer == all);
    let state = match said {
        // Who counts no engines may know better as well.
        Said::Engines(0, None) => agree(!bad),
        Said::Engines(..) | Said::Nothing(_) if engines.is_empty() => ClaimState::Unsupported,
        Said::Engines(said, Some(all)) if said == hits && !totals(all) => ClaimState::Unsupported,
        Said::Engines(said, _) => agree(said == hits),
        Said::Nothing(said) => {
            agree(engines.iter().any(|one| one.undetected == said || one.undetected + one.harmless == said))
        }
        Said::Clean(yes) => agree((!bad && score.is_none_or(|score| score >= 0)) == yes),
        Said::Malicious(yes) => agree(bad == yes),
        Said::Bad(yes) => score.map_or(ClaimState::Unsupported, |score| agree((score < 0) == yes)),
        Said::Score(_) if scores.is_empty() => ClaimState::Unsupported,
        Said::Score(said) => agree(scores.contains(&said)),
    };
    (state, told(intel, hits, score))
}

/// What intelligence says, engines first.
fn told(intel: &[Intel], hits: i64, score: Option<i64>) -> String {
    let (engines, others): (Vec<&Intel>, Vec<&Intel>) = intel.iter().partition(|one| words::are_engines(one));
    let all = engines.iter().map(|one| one.engines()).max();
    let score = score.map(|score| format!(", reputation {}", score.to_string().replace('-', "\u{2212}")));
    let counted = all.map(|all| format!("{hits} of {all} engines{}", score.unwrap_or_default()));
    // A harmless word beside engines tells nothing that they don't.
    let others = others.into_iter().filter(|one| engines.is_empty() || one.malicious > 0).map(words::brief);
    format!("Intelligence says {}.", counted.into_iter().chain(others.take(3)).collect::<Vec<_>>().join("; "))
}
