//! What declarations may teach the statistical voter, and what they may not.
use super::started;
use fusionsoc::features::{Features, is_against};
use fusionsoc::voters::statistical::{Declared, Model, shipped};

const SHELL: &str = "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe";
const PARENT: &str = "C:\\Windows\\System32\\svchost.exe";

fn encoded() -> Features {
    let line = "powershell.exe -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkA";
    started("C:\\Users\\a\\AppData\\Local\\Temp\\x.exe", line, SHELL).unwrap()
}

fn script() -> Features {
    started(SHELL, "powershell.exe -NoProfile -File C:\\ProgramData\\Acme\\check.ps1", PARENT).unwrap()
}

/// So many declared behaviours of families of their own.
fn declared(features: &Features, positive: bool, count: usize) -> Vec<Declared> {
    let one = |at| Declared { features: features.clone(), positive, family: format!("{positive} {at}"), cases: 3 };
    (0..count).map(one).collect()
}

fn learnt(all: &[Declared]) -> Model {
    shipped().unwrap().learn(all).unwrap()
}

#[test]
fn nothing_declared_changes_nothing() {
    assert_eq!(learnt(&[]), *shipped().unwrap());
}

#[test]
fn what_was_declared_is_followed_both_ways_and_the_more_the_stronger() {
    let before = shipped().unwrap().probability(&script());
    let few = learnt(&declared(&script(), false, 2)).probability(&script());
    let many = learnt(&declared(&script(), false, 40)).probability(&script());
    let bad = learnt(&declared(&script(), true, 10)).probability(&script());
    assert!(many < few && few < before && before < bad, "{many} {few} {before} {bad}");
}

#[test]
fn no_declaration_teaches_that_what_speaks_against_an_event_excuses_it() {
    let shipped = shipped().unwrap();
    let model = learnt(&declared(&encoded(), false, 500));
    let against: Vec<_> = encoded().iter().filter(|name| is_against(name)).map(str::to_owned).collect();
    assert!(against.len() > 2, "the event has something against it: {against:?}");
    for name in against {
        let was = shipped.calibration.0 * shipped.weights.get(&name).copied().unwrap_or_default();
        let is = model.weights.get(&name).copied().unwrap_or_default();
        assert!(is >= was.min(-0.002), "{name}: {is}, shipped {was}");
    }
}

#[test]
fn thousands_of_false_positives_don_t_make_the_rest_look_harmless() {
    let attack = encoded();
    let before = shipped().unwrap().probability(&attack);
    let after = learnt(&declared(&script(), false, 2_000)).probability(&attack);
    assert!(before > 0.9 && after > 0.8, "{before} before, {after} after");
}
