//! Tags on cases.
use super::small::step;
use super::{ReviewError, whole};
use crate::domain::tag;
use crate::store::cases::Case;
use crate::store::{Actor, Tx, merges, tags};

/// Gives a case exactly these tags; the same ones again change nothing.
///
/// # Errors
/// `Invalid` where one can't be a tag, where there are too many, or more than one of the Traffic Light Protocol.
pub async fn set_tags(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    wanted: &[String],
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    let to = read(wanted)?;
    let from = &case.tags.0;
    if to == *from {
        return Ok(());
    }
    // Two who tag a case at once wait for each other.
    merges::lock(tx, &[case.number]).await?;
    let (added, removed): (Vec<_>, Vec<_>) = (difference(&to, from), difference(from, &to));
    for tag in &removed {
        tags::remove(tx, case.org_id, case.number, tag).await?;
    }
    for tag in &added {
        tags::add(tx, case.org_id, case.number, tag).await?;
    }
    let stand = tags::of_case(tx, case.number).await?;
    tags::note(tx, case.number, &stand).await?;
    let said = |verb: &str, all: &[&String]| {
        let names: Vec<_> = all.iter().map(|tag| tag::label(tag)).collect();
        (!names.is_empty()).then(|| format!("{verb} {}", names.join(", ")))
    };
    let parts: Vec<_> = [said("added", &added), said("removed", &removed)].into_iter().flatten().collect();
    let text = format!("Tags: {}", parts.join("; "));
    step(tx, actor, case, "tags", &text, (&from.join(" "), &to.join(" ")), now_ms).await
}

/// The tags that are wanted, sorted.
fn read(wanted: &[String]) -> Result<Vec<String>, ReviewError> {
    let mut to = Vec::new();
    for text in wanted {
        match tag::read(text) {
            Ok(tag) => to.push(tag),
            Err(text) => return ReviewError::invalid("tags", text),
        }
    }
    to.sort();
    to.dedup();
    let tlp: Vec<_> = to.iter().filter(|tag| tag::is_tlp(tag)).map(|tag| tag::label(tag)).collect();
    if tlp.len() > 1 {
        let text = format!("A case has one TLP tag, not {}: remove one first.", tlp.join(" and "));
        return ReviewError::invalid("tags", text);
    }
    if to.len() > tag::MOST {
        return ReviewError::invalid("tags", format!("A case has at most {} tags.", tag::MOST));
    }
    Ok(to)
}

fn difference<'a>(one: &'a [String], other: &[String]) -> Vec<&'a String> {
    one.iter().filter(|tag| !other.contains(tag)).collect()
}
