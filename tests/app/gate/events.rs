//! Whoever has the events of a gate can work out every look and state without us.
use super::Desk;
use super::proof::upper;
use serde_json::Value;
use std::collections::BTreeMap;

/// A gate as its events tell it, in an outsider's own words and arithmetic.
#[derive(Default)]
struct Retold {
    state: String,
    epoch: i64,
    looks: i64,
    fresh: u32,
    limit: f64,
    /// Act: epoch, day, and of each case whether it is an error.
    acts: BTreeMap<String, (i64, i64, BTreeMap<i64, bool>)>,
    passed: Option<(f64, i64, i64)>,
    checked: usize,
}

fn day(event: &Value) -> i64 {
    let at: jiff::Timestamp = event["at"].as_str().unwrap().parse().unwrap();
    at.as_millisecond().div_euclid(86_400_000)
}

impl Retold {
    fn counts(&self, today: i64) -> (i64, i64) {
        let young = self
            .acts
            .values()
            .filter(|(epoch, day, cases)| *epoch == self.epoch && *day > today - 180 && !cases.is_empty());
        young.fold((0, 0), |sum, (_, _, cases)| (sum.0 + 1, sum.1 + i64::from(cases.values().any(|error| *error))))
    }

    fn delta(look: i64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a handful of looks")]
        let square = (look * look) as f64;
        0.05 * 6.0 / (std::f64::consts::PI * std::f64::consts::PI * square)
    }

    /// Reviews of the next look: the least number with which none passes, doubled with each look of this epoch.
    fn due(&self) -> i64 {
        let delta = Self::delta(self.looks - i64::from(self.fresh) + 1);
        let first = (1..10_000).find(|n| upper(0, *n, delta) <= self.limit).unwrap();
        first << self.fresh
    }

    fn hear(&mut self, event: &Value) {
        let data = &event["data"];
        let (kind, today) = (event["kind"].as_str().unwrap(), day(event));
        let stands = self.state == "proposed" || self.state == "active";
        // A look that was due had to be the very next event of this gate.
        if !stands && self.epoch > 0 && self.counts(today).0 >= self.due() {
            assert_eq!(kind, "look", "a look was due: {event}");
        }
        match kind {
            "opened" => {
                (self.state, self.epoch, self.limit) = ("shadow".to_owned(), 1, data["limit"].as_f64().unwrap());
            }
            "limit" => self.limit = data["to"].as_f64().unwrap(),
            "review" | "review_changed" => self.review(data, today),
            "look" => self.look(data, today),
            "proposed" => {
                assert!(self.passed.is_some(), "only a look proposes");
                "proposed".clone_into(&mut self.state);
            }
            "activated" => {
                assert_eq!(self.state, "proposed");
                "active".clone_into(&mut self.state);
            }
            "suspended" => {
                assert!(stands, "{event}");
                (self.state, self.fresh, self.epoch) = ("suspended".to_owned(), 0, self.epoch + 1);
            }
            "anew" => {
                assert!(!stands, "{event}");
                (self.fresh, self.epoch) = (0, self.epoch + 1);
            }
            "closed" => assert_eq!(self.state, "active"),
            "eligible" | "reopened" => {}
            other => panic!("{other}"),
        }
    }

    fn review(&mut self, data: &Value, today: i64) {
        let act = data["act"].as_str().unwrap().to_owned();
        let case = data["case"].as_i64().unwrap();
        let epoch = self.epoch;
        let known = self.acts.entry(act).or_insert_with(|| (epoch, today, BTreeMap::new()));
        match data["error"].as_bool().filter(|_| data["counted"] == true) {
            Some(error) => drop(known.2.insert(case, error)),
            None => drop(known.2.remove(&case)),
        }
    }

    fn look(&mut self, data: &Value, today: i64) {
        let number = |name: &str| data[name].as_f64().unwrap();
        let (n, k) = self.counts(today);
        assert_eq!((data["n"].as_i64(), data["k"].as_i64()), (Some(n), Some(k)), "{data}");
        assert!(n >= self.due(), "too early: {data}");
        assert_eq!(data["look"], self.looks + 1);
        let delta = Self::delta(self.looks + 1);
        let bound = upper(k, n, delta);
        assert!((delta - number("delta")).abs() < 1e-12 && (bound - number("bound")).abs() < 1e-9, "{bound} {data}");
        let passed = bound <= self.limit && data["quiet"] == true;
        assert_eq!(data["passed"], passed, "{data}");
        (self.looks, self.fresh) = (self.looks + 1, self.fresh + 1);
        self.passed = passed.then_some((delta, n, k));
        self.checked += 1;
    }
}

async fn retold(desk: &Desk, level: &str) -> Retold {
    let mut retold = Retold::default();
    for (at, event) in desk.events(level).await.iter().enumerate() {
        assert_eq!(event["seq"], at + 1, "no event is missing");
        retold.hear(event);
    }
    let gate = desk.gate(level).await;
    assert_eq!((&gate["state"], &gate["epoch"]), (&Value::from(retold.state.clone()), &Value::from(retold.epoch)));
    assert_eq!(gate["looks"], retold.looks);
    retold
}

#[tokio::test]
async fn every_look_and_state_follows_from_the_events_alone() {
    let mut desk = Desk::closing().await;
    // An error in the first look: it fails, and the next comes at twice the number.
    let wrong = desk.others("drivers.cab", 1).await[0];
    desk.declare(wrong, "true_positive").await;
    desk.clean(5).await;
    assert_eq!(desk.rule().await, (6, 1, "shadow".to_owned()));
    assert_eq!(retold(&desk, "rule").await.checked, 1, "it failed");
    desk.clean(1).await;
    desk.declare(wrong, "false_positive").await;
    assert_eq!(desk.rule().await, (7, 0, "shadow".to_owned()), "a look is taken once");
    desk.clean(4).await;
    assert_eq!(desk.rule().await, (11, 0, "shadow".to_owned()));
    desk.clean(1).await;
    assert_eq!(desk.rule().await, (12, 0, "proposed".to_owned()));
    assert_eq!(desk.step(&desk.lea, "rule", "activate").await, 303);
    let closed = desk.undrawn().await;
    assert_eq!(desk.server.case(closed).await["status"], "closed");
    desk.declare(closed, "true_positive").await;
    let told = retold(&desk, "rule").await;
    assert_eq!((told.checked, told.state.as_str(), told.epoch), (2, "suspended", 2));
    retold(&desk, "family").await;
    retold(&desk, "org").await;
}

#[tokio::test]
async fn nobody_chooses_the_moment_of_a_look_by_what_was_counted() {
    let mut desk = Desk::new(|config| config.policy.limit = 0.05).await;
    desk.clean(7).await;
    let limit = async |desk: &Desk, percent: &str, version: &str| {
        let form = [("limit", percent), ("version", version)];
        assert_eq!(desk.lea.post("/admin/policy/acme", &form).await.status(), 303);
    };
    limit(&desk, "4", "0").await;
    assert_eq!(desk.rule().await, (7, 0, "shadow".to_owned()), "a lower limit takes nothing away");
    limit(&desk, "10", "1").await;
    assert_eq!(desk.rule().await, (0, 0, "shadow".to_owned()));
    assert_eq!(desk.gate("rule").await["next_look_at"], 34);
    desk.clean(1).await;
    for level in ["rule", "family", "org"] {
        assert_eq!(retold(&desk, level).await.epoch, 2, "{level}");
    }
}
