//! What an analyst had to decide, and what panel and vetoes made of it, by week of the stream.
use super::Line;
use super::shown::Shown;
use super::told::{called, listed, number, row, signed, thousand};
use fusionsoc::domain::dossier::Precedents;
use fusionsoc::domain::{MachineVerdict, Outcome};
use fusionsoc::review::Step;
use fusionsoc::review::bulk::Plan;
use fusionsoc::store::cases::Case;
use fusionsoc::triage::figures::Judged;
use fusionsoc::triage::measure::bounds;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

const WEEK_MS: i64 = 7 * 86_400_000;

/// One act: a case, or several that were decided together.
struct Act {
    week: i64,
    cases: Vec<Shown>,
}

/// All that happened.
pub struct Burden {
    begun_ms: i64,
    /// Cases that the machine closed and that nobody was shown.
    pub unseen: usize,
    /// Detections delivered, and those among them that were new, by week.
    delivered: BTreeMap<i64, (usize, usize)>,
    sources: HashSet<String>,
    acts: Vec<Act>,
    /// Behaviours that the queue offered to decide together since the analyst last sat down.
    here: HashSet<(i64, String)>,
    /// How often it did, of how many cases, and what the page of such an offer left out and why.
    offers: (usize, usize),
    left_out: BTreeMap<String, usize>,
    /// Spent on taking detections in, in triage, and on what the analyst asks for.
    pub spent: [Duration; 3],
}

impl Burden {
    /// Of a stream that begins at a time.
    pub fn of(begun_ms: i64) -> Self {
        Self {
            begun_ms,
            unseen: 0,
            delivered: BTreeMap::new(),
            sources: HashSet::new(),
            acts: Vec::new(),
            here: HashSet::new(),
            offers: (0, 0),
            left_out: BTreeMap::new(),
            spent: [Duration::ZERO; 3],
        }
    }

    /// A detection was delivered.
    pub fn arrived(&mut self, line: &Line, new: bool) {
        let (all, distinct) = self.delivered.entry((line.arrival_ms - self.begun_ms) / WEEK_MS).or_default();
        *all += 1;
        *distinct += usize::from(new);
        self.sources.insert(line.source.clone());
    }

    /// Cases were decided by one act.
    pub fn decided(&mut self, at_ms: i64, cases: Vec<Shown>) {
        let last = self.delivered.keys().next_back().copied().unwrap_or_default();
        self.acts.push(Act { week: ((at_ms - self.begun_ms) / WEEK_MS).min(last), cases });
    }

    /// The analyst turns to the queue.
    pub fn sits_down(&mut self) {
        self.here.clear();
    }

    /// The queue offers to decide cases together; what it offers again because not all were decided counts once.
    pub fn offered(&mut self, case: &Case, plan: &Plan) {
        if !self.here.insert((case.org_id, case.fingerprint.clone())) {
            return;
        }
        self.offers.0 += 1;
        self.offers.1 += plan.members.len();
        for why in plan.members.iter().filter_map(|member| member.why) {
            *self.left_out.entry(why.label().to_owned()).or_default() += 1;
        }
    }

    /// How many acts there were.
    pub fn decisions(&self) -> usize {
        self.acts.len()
    }

    /// How many cases were shown.
    pub fn shown(&self) -> usize {
        self.cases().count()
    }

    /// Prints everything.
    pub fn tell(&self) {
        self.whence();
        self.reduction();
        self.by_week();
        self.panel();
        self.precedents();
        self.kept();
        let [taking, voting, deciding] = self.spent.map(|spent| spent.as_secs_f64());
        println!(
            "\ntime: {taking:.0} s ingest, {voting:.0} s triage, {deciding:.0} s queue, acts and what is read for these figures"
        );
    }

    /// Cases as they were shown for the first time.
    fn cases(&self) -> impl Iterator<Item = (i64, &Shown)> {
        let all = self.acts.iter().flat_map(|act| act.cases.iter().map(|one| (act.week, one)));
        all.filter(|(_, one)| !one.again)
    }

    fn totals(&self) -> (usize, usize) {
        self.delivered.values().fold((0, 0), |sum, week| (sum.0 + week.0, sum.1 + week.1))
    }

    fn whence(&self) {
        let (lines, distinct) = self.totals();
        println!(
            "{lines} lines, {distinct} distinct detections, made of {} benchmark lines: a behaviour that is seen again is the\n\
             same line again with another host, time and process, so figures of what was seen before are a best case. Most\n\
             signatures and parents' fields of these lines are made up, and the weights that ship were trained on many of them.",
            self.sources.len()
        );
    }

    /// Where detections went, down to decisions.
    fn reduction(&self) {
        let (lines, distinct) = self.totals();
        let cases = self.cases().count();
        let recurs = self.cases().filter(|(_, one)| one.recurs).count();
        let many: Vec<usize> = self.acts.iter().map(|act| act.cases.len()).filter(|cases| *cases > 1).collect();
        let (acts, held) = (many.len(), many.iter().sum::<usize>());
        let again = self.acts.iter().filter(|act| act.cases.iter().any(|one| one.again)).count();
        assert_eq!(cases - (held - acts) + again, self.decisions(), "the parts are not the whole");
        println!("\n{lines:>7} detections delivered");
        println!("{:>7} delivered again", signed(distinct, lines));
        println!("{:>7} grouping: joined a case that was there", signed(cases + self.unseen, distinct));
        println!("{:>7} cases that the machine closed alone", signed(cases, cases + self.unseen));
        println!("{cases:>7} cases, of which {recurs} repeat a closed one");
        println!("{:>7} clusters: {held} cases decided by {acts} acts over several", signed(acts, held));
        let (offers, of) = self.offers;
        println!(
            "        (\"Decide together\" stood {offers} times, over {of} cases; left out there: {})",
            listed(&self.left_out)
        );
        println!("{again:>+7} decided again because a late vote dissents");
        println!("{:>7} decisions, {}", self.decisions(), self.steps());
    }

    /// How much each decision on one case asked for.
    fn steps(&self) -> String {
        let single = || self.acts.iter().filter(|act| act.cases.len() == 1).map(|act| act.cases[0].step);
        let count = |step: Step| single().filter(|one| *one == step).count();
        format!(
            "{} of them by one key, {} after reading what argues against it, {} with a reason",
            count(Step::OneKey),
            count(Step::Confirm),
            count(Step::Declare)
        )
    }

    fn by_week(&self) {
        println!("\nweek  detections  distinct  cases  decisions  per 1,000  if closable cases were closed  per 1,000");
        let mut weeks: Vec<(String, Option<i64>)> =
            self.delivered.keys().map(|week| ((week + 1).to_string(), Some(*week))).collect();
        weeks.push(("all".to_owned(), None));
        for (name, wanted) in weeks {
            let is = |week: i64| wanted.is_none_or(|wanted| wanted == week);
            let delivered = self.delivered.iter().filter(|(week, _)| is(**week)).map(|(_, counts)| counts);
            let (lines, distinct) = delivered.fold((0, 0), |sum, week| (sum.0 + week.0, sum.1 + week.1));
            let cases = self.cases().filter(|(week, _)| is(*week)).count();
            let acts = || self.acts.iter().filter(|act| is(act.week));
            let (all, left) = (acts().count(), acts().filter(|act| !act.cases.iter().all(|one| one.closable)).count());
            let (each, kept) = (thousand(all, distinct), thousand(left, distinct));
            println!("{name:<4} {lines:>11} {distinct:>9} {cases:>6} {all:>10} {each:>10.0} {left:>30} {kept:>10.0}");
        }
        let of = |new: bool| self.acts.iter().filter(move |act| act.cases.iter().any(|one| one.new) == new).count();
        let (new, before) = (of(true), of(false));
        println!(
            "{new} decisions are on behaviours that the organisation sees for the first time, {before} on those it has seen before.\n\
             Per 1,000 distinct detections. As it stands nothing closes alone; the right half leaves out decisions on closable\n\
             cases, and is a lower bound: cases that nobody declares make no precedents, a gate has to be earned first, and a\n\
             share of closable cases is drawn for review."
        );
    }

    /// What the panel said of cases when they were shown, and what could be closed.
    fn panel(&self) {
        println!(
            "\n                     cases           closable                                        not called FP  called FP  balanced\n\
             \x20                    TP      FP      all  truly FP  hide a TP, at most (95 %)         of TP      of FP     accuracy"
        );
        for week in self.delivered.keys() {
            let cases = self.cases().filter(|(one, _)| one == week).map(|(_, one)| one);
            row(&format!("week {}", week + 1), &cases.map(Shown::judged).collect::<Vec<_>>());
        }
        let of = |new: bool| self.cases().filter(move |(_, one)| one.new == new).map(|(_, one)| one.judged());
        row("all", &self.cases().map(|(_, one)| one.judged()).collect::<Vec<_>>());
        row("seen for the 1st time", &of(true).collect::<Vec<_>>());
        row("seen before", &of(false).collect::<Vec<_>>());
        row("each behaviour once", &self.behaviours());
        println!(
            "The bound is of closable cases and takes them for independent, which repeats of one line are not. \"Each behaviour\n\
             once\" counts a behaviour as closable where any case of it was, and judges it by the case that came out worst.\n\
             A behaviour is new where its organisation has not seen it; the veto first_sight keeps those from being closable."
        );
        let again: Vec<&Shown> = self.cases().map(|(_, one)| one).filter(|one| !one.new && one.positive).collect();
        let hidden = again.iter().filter(|one| one.closable).count();
        println!(
            "Of the {} true positives of behaviours seen before {hidden} are closable: by so few, at most {:.1} % of such.",
            again.len(),
            100.0 * bounds(number(hidden), number(again.len())).1
        );
    }

    /// One for each behaviour and label, in whichever organisation: closable where any of its cases was, and judged
    /// as the worst of them.
    fn behaviours(&self) -> Vec<Judged> {
        let mut all: BTreeMap<(&str, bool), Judged> = BTreeMap::new();
        for (_, one) in self.cases() {
            let judged = one.judged();
            let whole = all.entry((&one.behaviour, one.positive)).or_insert(judged);
            whole.closable |= judged.closable;
            let verdicts = (whole.verdict, judged.verdict);
            whole.verdict = if one.positive { verdicts.0.min(verdicts.1) } else { verdicts.0.max(verdicts.1) };
        }
        all.into_values().collect()
    }

    /// What the panel makes of behaviours that were declared before.
    fn precedents(&self) {
        let known: Vec<_> = self.cases().filter_map(|(_, one)| Some((one, one.earlier?))).collect();
        let mixed = |seen: &Precedents| seen.benign() > 0 && seen.true_positive > 0;
        let clear: Vec<_> = known.iter().filter(|(_, seen)| !mixed(seen)).collect();
        let said = |wanted: fn(MachineVerdict, bool) -> bool| {
            clear.iter().filter(|(one, seen)| wanted(one.verdict, seen.true_positive > 0)).count()
        };
        let agrees = said(|verdict, bad| verdict == called(bad));
        let contrary = said(|verdict, bad| verdict == called(!bad));
        let right = clear.iter().filter(|(one, seen)| (seen.true_positive > 0) == one.positive).count();
        println!(
            "\n{} cases of behaviours that were all declared before, {} of them both ways. Of the other {} the panel agrees\n\
             with the precedents on {agrees}, asks for a review of {}, says the contrary of {contrary}; the label agrees with\n\
             them on {right}.",
            known.len(),
            known.len() - clear.len(),
            clear.len(),
            clear.len() - agrees - contrary
        );
    }

    /// What keeps false positives from being closable.
    fn kept(&self) {
        let open: Vec<&Shown> = self.cases().map(|(_, one)| one).filter(|one| !one.positive && !one.closable).collect();
        let mut why: BTreeMap<String, usize> = BTreeMap::new();
        let mut unanimous = 0;
        for one in &open {
            if one.verdict == MachineVerdict::FalsePositive && one.outcome == Some(Outcome::Unanimous) {
                unanimous += 1;
                one.vetoes.iter().for_each(|veto| *why.entry(veto.clone()).or_default() += 1);
            }
        }
        let mut voted: BTreeMap<String, usize> = BTreeMap::new();
        for one in &open {
            let outcome = one.outcome.map_or("no vote", |outcome| outcome.label()).to_lowercase();
            *voted.entry(format!("{}, {outcome}", one.verdict.label().to_lowercase())).or_default() += 1;
        }
        println!("\n{} cases are false positives and not closable.", open.len());
        println!("  by vote: {}", listed(&voted));
        println!(
            "  vetoes of the {unanimous} with a unanimous false positive, a case can have several: {}",
            listed(&why)
        );
    }
}
