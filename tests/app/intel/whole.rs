//! The values of all detections of a case are looked up, within bounds.
use crate::intel::fakes::{CHILD, PARENT, informed, piece, verdict, vetoes};
use crate::support::SEED;
use serde_json::{Value, json};

/// The seed's behaviour again, with these files loaded as well.
fn again(id: &str, files: &[String]) -> String {
    let mut detection: Value = serde_json::from_str(SEED).unwrap();
    detection["detect_id"] = json!(id);
    detection["detect"]["event"]["MODULES"] = files.iter().map(|hash| json!({"HASH": hash})).collect();
    detection.to_string()
}

#[tokio::test]
async fn the_values_of_a_case_s_other_detections_are_looked_up_after_those_of_the_first() {
    let it = informed().await;
    let file = format!("{:064x}", 7);
    it.fake.knows(&file, 9, -3);
    it.server.deliver(SEED).await;
    it.server.deliver(&again("second", std::slice::from_ref(&file))).await;
    it.server.run_jobs().await;
    let case = it.server.case(1).await;
    let (runs, all) = (case["runs"].as_array().unwrap().len(), case["detections"].as_array().unwrap().len());
    assert_eq!((runs, all), (1, 2), "one behaviour");
    assert_eq!(verdict(&case, &file), "malicious");
    assert!(vetoes(&case).contains(&"intelligence"));
    let asked = it.fake.asked().await;
    assert!(asked.len() == 3 && asked[2].ends_with(&file), "{asked:?}");
}

#[tokio::test]
async fn no_more_than_fifty_values_of_a_case_are_asked_about_and_what_is_left_is_told() {
    let it = informed().await;
    let files: Vec<String> = (0..60).map(|at| format!("{at:064x}")).collect();
    it.server.deliver(SEED).await;
    for (at, some) in files.chunks(15).enumerate() {
        it.server.deliver(&again(&format!("more-{at}"), some)).await;
    }
    it.server.run_jobs().await;
    let asked = it.fake.asked().await;
    assert_eq!(asked.len(), 50);
    assert!([CHILD, PARENT].iter().all(|first| asked[..2].iter().any(|path| path.ends_with(first))), "{asked:?}");
    let case = it.server.case(1).await;
    let left: Vec<&Value> =
        case["intelligence"].as_array().unwrap().iter().filter(|one| one["state"] == "withheld").collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["why"], "Not asked: 12 more than the 50 values of a case that are.");
    assert!(piece(&case)["state"] == "inconclusive" && vetoes(&case).contains(&"evidence"));
}
