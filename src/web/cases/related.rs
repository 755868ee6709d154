//! The cases beside a case, those that are part of it, and what a case was that is part of another one.
use crate::domain::{Role, Verdict};
use crate::error::Result;
use crate::review::related::{self, Related};
use crate::review::sight::{Sight, sight};
use crate::store::cases::Case;
use crate::store::fingerprints::Elsewhere;
use crate::store::merges::{self, Merge};
use crate::store::{Tx, cases::Decision};
use crate::web::auth::SignedIn;
use crate::web::view::text;
use crate::web::view::words::{Glyph, When, said_beside, when};

/// Cases that are part of a case and are shown.
const PARTS: i64 = 50;

/// A case beside this one.
pub(super) struct Beside {
    pub(super) number: i64,
    pub(super) title: String,
    pub(super) host: String,
    pub(super) glyph: Glyph,
    pub(super) state: String,
    pub(super) why: String,
    pub(super) linked: Option<i64>,
}

/// A case that is part of this one.
pub(super) struct Part {
    pub(super) number: i64,
    /// The case that it directly became part of, where that is another part.
    pub(super) within: Option<i64>,
    pub(super) by: String,
    pub(super) at: When,
    /// Whether this person may take it out.
    pub(super) may: bool,
    /// What it was: status and verdict.
    pub(super) was: String,
}

/// What the page shows of other cases.
#[derive(Default)]
pub(super) struct RelatedView {
    pub(super) beside: Vec<Beside>,
    pub(super) parts: Vec<Part>,
    /// The case that this one is part of, and how.
    pub(super) part_of: Option<(i64, Option<Part>)>,
}

/// What the page of a case shows of other cases.
pub(super) async fn load(tx: &mut Tx, me: &SignedIn, case: &Case, elsewhere: &[Elsewhere]) -> Result<RelatedView> {
    if let Some(holder) = case.merged_into {
        let part = merges::of(tx, case.number).await?.map(|merge| part(&merge, holder, me));
        return Ok(RelatedView { beside: Vec::new(), parts: Vec::new(), part_of: Some((holder, part)) });
    }
    let beside = related::with(tx, case, elsewhere).await?;
    let parts = merges::members(tx, case.number, PARTS).await?;
    Ok(RelatedView {
        beside: beside.into_iter().map(|found| one(found, sight(case))).collect(),
        parts: parts.iter().map(|merge| part(merge, case.number, me)).collect(),
        part_of: None,
    })
}

fn one(found: Related, sight: Sight) -> Beside {
    let Related { line, why, linked } = found;
    Beside {
        number: line.number,
        title: text::start(&line.title, 120),
        host: text::start(&line.hostname, 80),
        glyph: said_beside(sight, line.verdict, line.machine_verdict, line.blind),
        state: line.status.label().to_lowercase(),
        why: text::visible(&why.join("; ")),
        linked,
    }
}

fn part(merge: &Merge, holder: i64, me: &SignedIn) -> Part {
    let mine = !merge.by_person || merge.merged_by == me.user.username;
    Part {
        number: merge.case_number,
        within: Some(merge.into_case).filter(|into| *into != holder),
        by: text::visible(&merge.merged_by),
        at: when(merge.merged_ms),
        may: me.user.role >= Role::Lead || (mine && me.user.role >= Role::Analyst),
        was: was(&merge.before.0),
    }
}

fn was(before: &Decision) -> String {
    let status = before.status.label().to_lowercase();
    match before.verdict {
        Verdict::Pending => status,
        verdict => format!("{status}, {} by {}", verdict.label().to_lowercase(), text::visible(&before.decided_by)),
    }
}
