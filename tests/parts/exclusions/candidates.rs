//! Candidates: what is offered for a detection, and that a choice hides it and little else.
use super::{matches, others, seed};
use fusionsoc::tuning::condition::{self, Condition, Preset, TooBroad};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn every_preset_hides_the_seed_and_no_other_sample() {
    let (all, others) = (condition::of(&seed()), others());
    assert_eq!(condition::presets(&all), Preset::ALL);
    for preset in Preset::ALL {
        let keys = condition::chosen(*preset, &all);
        let chosen: Vec<&Condition> = all.iter().filter(|one| keys.contains(&one.key.as_str())).collect();
        let rule = condition::combine(&chosen).unwrap();
        assert!(matches(&rule, &seed()), "{preset}: {rule}");
        assert_eq!(others.iter().filter(|other| matches(&rule, other)).count(), 0, "{preset}");
    }
}

#[test]
fn each_condition_holds_for_its_own_detection() {
    for document in others().into_iter().chain([seed()]) {
        for condition in condition::of(&document) {
            assert!(matches(&condition.rule, &document), "{}", condition.rule);
        }
    }
}

#[test]
fn a_choice_needs_two_fields_and_something_of_the_event() {
    let all = condition::of(&seed());
    let pick = |keys: &[&str]| {
        let chosen: Vec<&Condition> = all.iter().filter(|one| keys.contains(&one.key.as_str())).collect();
        condition::combine(&chosen)
    };
    assert_eq!(pick(&[]), Err(TooBroad::OneField));
    assert_eq!(pick(&["cat"]), Err(TooBroad::OneField));
    assert_eq!(pick(&["image", "name"]), Err(TooBroad::OneField), "two conditions on one field");
    assert_eq!(pick(&["cat", "source_rule", "event_type", "signed"]), Err(TooBroad::OnlyTheRule));
    assert!(pick(&["cat", "host"]).is_ok());
}

#[test]
fn an_unsigned_file_is_not_excluded_for_being_unsigned() {
    let mut document = seed();
    document["detect"]["event"]["FILE_IS_SIGNED"] = json!(0);
    assert!(condition::of(&document).iter().all(|one| one.key != "signed"));
}

#[test]
fn a_command_line_fits_again_with_other_numbers_and_identifiers() {
    let line = |text: &str| json!({"cat": "x", "detect": {"event": {"COMMAND_LINE": text}}});
    let one = line("run.exe -p [12345 <<x>> --id e231b57f-d97f-475d-bd70-e5b839232aaa");
    let command = condition::of(&one).into_iter().find(|one| one.key == "command").unwrap();
    assert!(matches(&command.rule, &line("RUN.exe -p [99999999 <<x>> --id 00000000-d97f-475d-bd70-e5b839232aaa")));
    assert!(!matches(&command.rule, &line("run.exe -p [12345 <<x>> --id e231b57f-d97f-475d-bd70-e5b839232aaa & evil")));
    let re = command.rule["re"].as_str().unwrap();
    assert!(!re.contains("[[") && !re.contains("<<"), "{re}");
}

#[test]
fn names_are_plain_whatever_the_title_is() {
    assert_eq!(condition::name("Susp. Expansion", "SRE.exe", "20260323"), "fp-susp-expansion-sre-exe-20260323");
    assert_eq!(condition::name("<<>>", "\u{202e}", "20260323"), "fp-unnamed-unnamed-20260323");
}

proptest! {
    #[test]
    fn no_text_of_an_event_is_looked_up_or_lost(text in "(<<|\\[\\[|\\]\\]|>>|[ -~]|é){1,30}") {
        let document = json!({"cat": text, "source_rule": text, "routing": {"hostname": text},
            "detect": {"event": {"FILE_PATH": text, "COMMAND_LINE": text, "PARENT": {"FILE_PATH": text}, "OTHER": text}}});
        let all = condition::of(&document);
        prop_assert!(all.len() >= 6);
        for condition in all {
            prop_assert!(matches(&condition.rule, &document), "{}", condition.rule);
            let written = condition.rule.to_string();
            prop_assert!(!written.contains("<<") && !written.contains("[["), "{}", written);
        }
    }
}
