//! The gates that one change is about, and everything of it that has to be kept.
use super::{about, proof};
use crate::domain::{GateEvent, GateState};
use crate::jobs::held;
use crate::store::cases::Case;
use crate::store::gates::{self, Event, Gate, Kept};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Change, Result, Tx, locks, record};
use crate::triage::gate::{self as rules, Counts, Follows, Look, Proof, Standing};
use crate::triage::policy::Kept as Vetoes;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the ledger calls a step of a gate.
const ACTION: &str = "gate";

/// A gate as decisions see it, by the counts that its row holds.
pub(crate) fn standing(gate: &Gate) -> Standing {
    Standing {
        state: gate.state,
        looks: gate.looks,
        fresh: gate.fresh,
        counts: Counts { n: gate.n, k: gate.k },
        rests_on: proof_of(gate),
        last_tp_ms: gate.last_tp_ms,
        limit: gate.limit,
    }
}

fn proof_of(gate: &Gate) -> Option<Proof> {
    let counts = Counts { n: gate.look_n?, k: gate.look_k? };
    Some(Proof { delta: gate.look_delta?, bound: gate.look_bound?, counts })
}

/// A step of a gate that goes into the ledger.
struct Line {
    gate: i64,
    actor: Actor,
    old: String,
    new: String,
}

/// Gates while they change. [`Scopes::keep`] writes what became of them; until then nothing is stored.
pub(crate) struct Scopes {
    /// The gates; of a case from its rule's to its organisation's.
    pub(crate) gates: Vec<Gate>,
    org_id: i64,
    events: Vec<Event>,
    lines: Vec<Line>,
    /// What the timeline of the case says of them.
    said: Vec<String>,
    /// Whether nobody can tell how old reviews are, because the clock leapt ahead.
    held: bool,
    /// The places of gates that would be shut because of that age if the clock were to be believed.
    unsure: BTreeSet<usize>,
}

impl Scopes {
    /// Takes the organisation's turn. The gates are read by the caller afterwards.
    ///
    /// # Errors
    /// Where the database refuses.
    pub(crate) async fn begin(tx: &mut Tx, org_id: i64) -> Result<Self> {
        locks::gates(tx, org_id).await?;
        Ok(Self {
            gates: Vec::new(),
            org_id,
            events: Vec::new(),
            lines: Vec::new(),
            said: Vec::new(),
            held: false,
            unsure: BTreeSet::new(),
        })
    }

    /// Counts the reviews of the gates anew: of those that count today.
    pub(crate) async fn count(&mut self, tx: &mut Tx, now_ms: i64) -> Result<()> {
        self.held = held::is_unsure(tx, now_ms).await?;
        for gate in &mut self.gates {
            (gate.n, gate.k) = gates::counts(tx, gate, rules::first_day(now_ms)).await?;
        }
        Ok(())
    }

    /// Notes an event of a gate.
    pub(crate) fn tell(&mut self, at: usize, kind: GateEvent, data: &Value, now_ms: i64) {
        let gate = &mut self.gates[at];
        gate.seq += 1;
        let (gate_id, seq, org_id) = (gate.id, gate.seq, gate.org_id);
        self.events.push(Event { gate_id, seq, org_id, at_ms: now_ms, kind, data: data.to_string() });
    }

    /// Counts an eligible case in each of its gates.
    ///
    /// # Errors
    /// Where the database refuses.
    pub(crate) async fn eligible(&mut self, tx: &mut Tx, kept: &Kept, now_ms: i64) -> Result<()> {
        let data = json!({
            "case": kept.case_number, "run": kept.run_id, "share": kept.share, "drawn": kept.drawn, "would_close": kept.would_close,
        });
        for at in 0..self.gates.len() {
            if self.gates[at].eligible == 0 {
                // Nobody hears of a gate before a case of it that anybody may know of.
                let gate = &mut self.gates[at];
                gate.first_ms = now_ms;
                let opened = json!({
                    "level": gate.level, "key": gate.key, "version": gate.version, "panel": gate.panel, "limit": gate.limit,
                });
                self.tell(at, GateEvent::Opened, &opened, now_ms);
            }
            self.gates[at].eligible += 1;
            self.gates[at].last_ms = now_ms;
            let gate = &self.gates[at];
            gates::count(tx, gate, (rules::day(now_ms), gate.epoch), (0, 0, 1)).await?;
            self.tell(at, GateEvent::Eligible, &data, now_ms);
        }
        Ok(())
    }

    /// What follows for a gate from what was just counted; `error` where an error was just declared.
    pub(crate) fn follow(&mut self, at: usize, error: bool, now_ms: i64) {
        match rules::follows(&standing(&self.gates[at]), error, now_ms) {
            Follows::Nothing => {}
            // Proof that is lost is lost for good, and the clock may be put right.
            Follows::Suspend(rules::Broken::Evidence) if self.held => {
                self.unsure.insert(at);
            }
            Follows::Suspend(why) => self.suspend(at, &Actor::system(), why.words(), now_ms),
            Follows::Look(look) => self.look(at, &look, now_ms),
        }
    }

    /// Whether a gate closes nothing for now, because its reviews may be too old.
    pub(crate) fn is_unsure(&self, at: usize) -> bool {
        self.unsure.contains(&at)
    }

    fn look(&mut self, at: usize, look: &Look, now_ms: i64) {
        let data = json!({
            "look": look.number, "n": look.n, "k": look.k, "delta": look.delta, "bound": look.bound, "limit": look.limit,
            "quiet": look.quiet, "passed": look.passed, "epoch": self.gates[at].epoch,
        });
        self.tell(at, GateEvent::Look, &data, now_ms);
        let gate = &mut self.gates[at];
        (gate.looks, gate.fresh) = (look.number, gate.fresh + 1);
        if !look.passed {
            return;
        }
        (gate.look_n, gate.look_k) = (Some(look.n), Some(look.k));
        (gate.look_delta, gate.look_bound) = (Some(look.delta), Some(look.bound));
        (gate.look_limit, gate.look_ms) = (Some(look.limit), Some(now_ms));
        let why = proof(gate);
        self.said.push(format!("With this review, {} is proposed: {why}", about(&self.gates[at])));
        self.become_(at, (GateState::Proposed, GateEvent::Proposed), &Actor::system(), &why, now_ms);
    }

    /// Shuts a gate. Another epoch begins: only reviews from now on count.
    pub(crate) fn suspend(&mut self, at: usize, by: &Actor, why: &str, now_ms: i64) {
        self.said.push(format!("This suspends {}: {why}", about(&self.gates[at])));
        self.become_(at, (GateState::Suspended, GateEvent::Suspended), by, why, now_ms);
        let gate = &mut self.gates[at];
        gate.epoch += 1;
        (gate.fresh, gate.n, gate.k) = (0, 0, 0);
    }

    /// Says that people ask again what a case is that a gate had let the machine close, and which one has to be decided.
    pub(crate) fn doubted(&mut self, at: usize, (case, holder): (i64, i64)) {
        if self.gates[at].state == GateState::Active {
            let about = about(&self.gates[at]);
            let which = if case == holder { "this".to_owned() } else { format!("case #{holder}") };
            self.said.push(format!("While {which} is open and not decided, nothing else is closed under {about}."));
        }
    }

    /// Moves a gate to a state, with who did it and why.
    pub(crate) fn become_(&mut self, at: usize, to: (GateState, GateEvent), by: &Actor, why: &str, now_ms: i64) {
        let (state, kind) = to;
        let gate = &mut self.gates[at];
        let from = gate.state;
        (gate.state, gate.state_ms) = (state, now_ms);
        (gate.state_by, gate.state_why) = (by.name.clone(), why.to_owned());
        let line = Line {
            gate: gate.id,
            actor: by.clone(),
            old: from.to_string(),
            new: format!("{state}: {}; {why}", about(gate)),
        };
        self.lines.push(line);
        self.tell(at, kind, &json!({"from": from, "to": state, "by": by.name, "why": why}), now_ms);
    }

    /// Sets the share that is accepted and the vetoes, where they are others.
    ///
    /// With a higher limit a gate that does not stand counts anew: else whoever sets it could choose the moment of the
    /// look by what was counted so far. With vetoes that let more through every gate does, because what they let through
    /// now was never measured.
    pub(crate) fn accept(&mut self, at: usize, (limit, vetoes): (f64, &Vetoes), now_ms: i64) {
        let before = self.gates[at].limit;
        if before.to_bits() != limit.to_bits() {
            self.gates[at].limit = limit;
            self.tell(at, GateEvent::Limit, &json!({"from": before, "to": limit}), now_ms);
            if limit > before && !self.gates[at].state.stands() && self.gates[at].n > 0 {
                self.anew(at, "a higher limit is accepted", now_ms);
            }
        }
        let known: Option<Vetoes> = serde_json::from_str(&self.gates[at].vetoes).ok();
        self.gates[at].vetoes = serde_json::to_string(vetoes).unwrap_or_default();
        if known.is_some_and(|known| vetoes.is_looser_than(&known)) {
            self.unproven(at, rules::Broken::Vetoes, now_ms);
        }
    }

    /// Sets who is asked for evidence, one a line, where they are others. What is proven with somebody's evidence says
    /// nothing of cases that are judged without; who is asked as well only speaks against more of them.
    pub(crate) fn asked(&mut self, at: usize, sources: &str, now_ms: i64) {
        let now: BTreeSet<&str> = sources.lines().collect();
        let known = std::mem::replace(&mut self.gates[at].sources, sources.to_owned());
        if !known.lines().all(|one| now.contains(one)) {
            self.unproven(at, rules::Broken::Sources, now_ms);
        }
    }

    /// Begins anew, whether or not it stands: other cases are let through now than were measured. Those that were found
    /// eligible before are none of them.
    fn unproven(&mut self, at: usize, why: rules::Broken, now_ms: i64) {
        self.gates[at].since_ms = now_ms;
        if self.gates[at].state.stands() {
            self.suspend(at, &Actor::system(), why.words(), now_ms);
        } else {
            self.anew(at, why.words(), now_ms);
        }
    }

    /// Begins another epoch of a gate that does not stand. Of one without an eligible case nobody has heard yet, and there
    /// is nothing to begin anew.
    fn anew(&mut self, at: usize, why: &str, now_ms: i64) {
        if self.gates[at].eligible == 0 {
            return;
        }
        let by = Actor::system();
        let gate = &mut self.gates[at];
        gate.epoch += 1;
        (gate.fresh, gate.n, gate.k) = (0, 0, 0);
        (gate.state_by, gate.state_why) = (by.name.clone(), format!("counts anew: {why}"));
        let new = format!("{}: {}; {}", gate.state, about(gate), gate.state_why);
        self.lines.push(Line { gate: gate.id, actor: by, old: gate.state.to_string(), new });
        self.tell(at, GateEvent::Anew, &json!({"why": why}), now_ms);
    }

    /// Writes everything: gates, events, ledger, and on the timeline of the case what it brought about.
    ///
    /// # Errors
    /// Where the database refuses.
    pub(crate) async fn keep(self, tx: &mut Tx, case: Option<&Case>, now_ms: i64) -> Result<()> {
        for gate in &self.gates {
            gates::save(tx, gate).await?;
        }
        gates::insert_events(tx, &self.events).await?;
        for line in &self.lines {
            let object = format!("gate:{}", line.gate);
            let entry = Entry { action: ACTION, object: &object, old: &line.old, new: &line.new };
            audit(tx, &line.actor, Some(self.org_id), &entry, now_ms).await?;
        }
        if let Some(case) = case {
            for text in &self.said {
                let (org_id, case) = (case.org_id, case.number);
                let change = Change { org_id, case, kind: ACTION, text, old: "", new: "", run: None, undo: None };
                record(tx, &Actor::system(), change, now_ms).await?;
            }
        }
        Ok(())
    }
}
