//! How much an analyst has to decide: a labelled stream through ingest, the built-in panel, and somebody who declares.
//!
//! The analyst looks at the queue at fixed times of the stream and works it off in its own order. Each case is declared
//! by the labels of its detections and closed; where the queue offers to decide a behaviour together and what would be
//! decided is benign throughout, that is one act. What the page of such an act leaves out is declared one by one.
//! The program's clock follows the stream; a vote takes no time, and neither does the analyst.
mod alone;
mod asked;
mod burden;
mod shown;
mod told;
mod unseen;

use crate::data;
pub use alone::Alone;
pub use asked::Asked;
use asked::{Line, line};
use burden::Burden;
use fusionsoc::clock;
use fusionsoc::config::Config;
use fusionsoc::domain::{AutoClose, Role, Verdict};
use fusionsoc::ingest::{Accepted, Delivery, Gathered, accept, reading};
use fusionsoc::jobs::{PanelSource, Worker, bulk as job};
use fusionsoc::review::bulk::{self, Plan, Selection, Wanted};
use fusionsoc::review::{Declaration, declare};
use fusionsoc::store::cases::Case;
use fusionsoc::store::queue::{self, Filter, Moments, Row, Sort, View};
use fusionsoc::store::{Actor, ActorKind, Durability, Scope, Store, Tx, bulk as acts, cases, precedents, users};
use fusionsoc::triage::fingerprint;
use shown::{Known, Shown};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

pub async fn run(asked: &Asked) {
    let lines: Vec<Line> = data::lines(&asked.file).iter().take(asked.count).map(line).collect();
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("analyst.db").display());
    let mut desk = Desk::open(&url, &lines, asked).await;
    let every_ms = asked.hours * 3_600_000;
    let mut look_ms = lines[0].arrival_ms + every_ms;
    for line in &lines {
        while line.arrival_ms > look_ms {
            desk.session(look_ms, asked.alone).await;
            look_ms += every_ms;
        }
        desk.take_in(line).await;
    }
    desk.session(look_ms, asked.alone).await;
    println!("{}", asked.words());
    desk.count_unseen(&url).await;
    desk.burden.tell();
    if asked.alone.is_some() {
        desk.tell_alone(&url, lines[0].arrival_ms, lines.len()).await;
    }
}

/// Where the analyst sits, and what is known there.
struct Desk {
    store: Store,
    worker: Worker,
    user_id: i64,
    declares: bool,
    owners: HashMap<String, i64>,
    /// Behaviours of each organisation.
    behaviours: HashSet<(i64, String)>,
    known: Known,
    burden: Burden,
}

impl Desk {
    async fn open(url: &str, lines: &[Line], asked: &Asked) -> Self {
        clock::advance(lines[0].arrival_ms - clock::now_ms());
        let store = Store::open(url, Durability::Normal).await.unwrap();
        let mut config = Config::default();
        if let Some(alone) = asked.alone {
            (config.policy.auto_close, config.policy.limit) = (AutoClose::Auto, alone.limit);
        }
        let config = Arc::new(config);
        let mut panel = PanelSource::new(Arc::clone(&config));
        if asked.folds > 0 {
            let seats = panel.current(&store).await.unwrap();
            panel = PanelSource::seated(Arc::clone(&config), unseen::seats(&seats, lines, asked.folds));
        }
        if asked.planted {
            panel = PanelSource::seated(Arc::clone(&config), alone::planted(lines));
        }
        let policy = Arc::new(config.policy.clone());
        let worker = Worker::new(store.clone(), Arc::new(panel), policy, Arc::default());
        let mut tx = store.write().await.unwrap();
        let user_id = users::insert(&mut tx, "analyst", Role::Lead, "", clock::now_ms()).await.unwrap();
        tx.commit().await.unwrap();
        Self {
            store,
            worker,
            user_id,
            declares: asked.declares,
            owners: HashMap::new(),
            behaviours: HashSet::new(),
            known: Known::default(),
            burden: Burden::of(lines[0].arrival_ms),
        }
    }

    async fn take_in(&mut self, line: &Line) {
        clock::advance(line.arrival_ms - clock::now_ms());
        let begun = Instant::now();
        let mut tx = self.store.write().await.unwrap();
        let org_id = self.owner(&mut tx, &line.oid).await;
        let document = reading::document(&line.detection).unwrap();
        let delivery = Delivery {
            org_id,
            source: "stream",
            raw: &document.raw,
            detection: &document.detection,
            received_ms: line.arrival_ms,
            number: None,
            triage_at_ms: Some(line.arrival_ms),
        };
        let mut gathered = Gathered::default();
        let accepted = accept(&mut tx, &mut gathered, delivery).await.unwrap();
        gathered.write(&mut tx).await.unwrap();
        if let Accepted::New { id, .. } = accepted {
            let behaviour = fingerprint::of(&document.detection);
            self.known.earlier.insert(id, precedents::of(&mut tx, org_id, &behaviour).await.unwrap());
            if self.behaviours.insert((org_id, behaviour)) {
                self.known.first.insert(id);
            }
        }
        tx.commit().await.unwrap();
        self.known.positive.insert(document.detection.detect_id.clone(), line.positive);
        self.burden.arrived(line, matches!(accepted, Accepted::New { .. }));
        self.burden.spent[0] += begun.elapsed();
        let begun = Instant::now();
        self.worker.run_due().await;
        self.burden.spent[1] += begun.elapsed();
    }

    async fn owner(&mut self, tx: &mut Tx, oid: &str) -> i64 {
        let (id, new) = data::owner(tx, &mut self.owners, oid).await;
        if new {
            users::join(tx, self.user_id, id).await.unwrap();
        }
        id
    }

    /// Works off what needs a decision, then what a late vote dissents from.
    async fn session(&mut self, at_ms: i64, alone: Option<Alone>) {
        clock::advance(at_ms - clock::now_ms());
        self.worker.run_due().await;
        if let Some(alone) = alone {
            self.lead(alone, clock::now_ms()).await;
        }
        self.burden.sits_down();
        let begun = Instant::now();
        while let Some(row) = self.next(View::NeedsDecision, false).await {
            if !self.together(&row).await {
                self.alone(&row.case, false).await;
            }
        }
        while let Some(row) = self.next(View::SplitVotes, true).await {
            self.alone(&row.case, true).await;
        }
        self.burden.spent[2] += begun.elapsed();
    }

    /// The first row of a view, as the page lists it.
    async fn next(&self, view: View, dissent: bool) -> Option<Row> {
        let moments = Moments { dissent, ..Moments::default() };
        let filter = Filter { view, sort: Sort::Risk, grouped: true, moments, ..Filter::default() };
        let mut tx = self.store.read().await.unwrap();
        queue::page(&mut tx, Scope::user(self.user_id), &filter, None, 1).await.unwrap().into_iter().next()
    }

    /// Decides a row of many by one act, where two or more cases may be decided so and none of these is malicious.
    async fn together(&mut self, row: &Row) -> bool {
        if row.cluster().is_none() {
            return false;
        }
        let Some(plan) = self.plan(&row.case).await else { return false };
        self.burden.offered(&row.case, &plan);
        let mut shown = Vec::new();
        let mut tx = self.store.read().await.unwrap();
        for member in plan.members.iter().filter(|member| member.goes()) {
            let case = cases::by_number(&mut tx, member.case_number).await.unwrap();
            shown.push(Shown::of(&mut tx, &case, &self.known, false).await);
        }
        drop(tx);
        if shown.len() < 2 || shown.iter().any(|one| one.positive) {
            return false;
        }
        let (verdict, reason, note) = self.says(false);
        let token = format!("act {}", self.burden.decisions());
        let wanted = Wanted { verdict, reason, note, close: true, token: &token };
        let decided = self.act(wanted, &plan).await;
        assert_eq!(decided, i64::try_from(shown.len()).unwrap(), "an act left out what its page had not");
        self.burden.decided(clock::now_ms(), shown);
        true
    }

    /// What the page "Decide together" of a row holds.
    async fn plan(&self, case: &Case) -> Option<Plan> {
        let behaviour = Filter {
            view: View::NeedsDecision,
            sort: Sort::Risk,
            org: case.org.clone(),
            fingerprint: case.fingerprint.clone(),
            exact: true,
            ..Filter::default()
        };
        let selection = Selection { filters: vec![behaviour], shown_ms: Some(clock::now_ms()), ..Selection::default() };
        let mut tx = self.store.read().await.unwrap();
        bulk::gather(&mut tx, Scope::user(self.user_id), &selection).await.unwrap()
    }

    /// Carries an act out as the page does; returns how many cases it decided.
    async fn act(&self, wanted: Wanted<'_>, plan: &Plan) -> i64 {
        let mut tx = self.store.write().await.unwrap();
        let begun = bulk::begin(&mut tx, (&analyst(), self.user_id), wanted, plan, clock::now_ms()).await;
        let id = begun.unwrap();
        while bulk::step(&mut tx, id, clock::now_ms()).await.unwrap() {}
        job::withdraw(&mut tx, id, clock::now_ms()).await.unwrap();
        let act = acts::locked(&mut tx, id).await.unwrap();
        tx.commit().await.unwrap();
        act.unwrap().done
    }

    async fn alone(&mut self, case: &Case, again: bool) {
        let mut tx = self.store.write().await.unwrap();
        let shown = Shown::of(&mut tx, case, &self.known, again).await;
        let (verdict, reason, note) = self.says(shown.positive);
        let (reason, note) = (reason.to_owned(), note.to_owned());
        let declaration = Declaration { verdict, reason, note, close: true, version: Some(case.version) };
        declare(&mut tx, &analyst(), case, &declaration, clock::now_ms()).await.unwrap();
        tx.commit().await.unwrap();
        self.burden.decided(clock::now_ms(), vec![shown]);
    }

    /// Verdict, reason and note.
    const fn says(&self, positive: bool) -> (Verdict, &'static str, &'static str) {
        match (self.declares, positive) {
            (false, _) => (Verdict::Undetermined, "insufficient_information", "Nobody looked."),
            (true, true) => (Verdict::TruePositive, "malware", ""),
            (true, false) => (Verdict::FalsePositive, "known_application", ""),
        }
    }
}

fn analyst() -> Actor {
    let (client, request_id) = (String::new(), String::new());
    Actor { kind: ActorKind::Person, name: "analyst".to_owned(), client, request_id }
}
