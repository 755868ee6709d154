//! Actions of a case that became part of another one: they are about its own host, wherever they stand.
use super::House;
use crate::support::{Person, seed_id, seed_with};
use fusionsoc::clock;
use fusionsoc::domain::Role;
use serde_json::{Value, json};

/// A case of the same behaviour on another host.
async fn other(house: &House) -> i64 {
    let replace = [(&*seed_id(), "other"), ("desktop-4kq7m2x", "desk-2"), ("a47d2c95-6b08", "a47d2c95-0002")];
    let number = house.server.deliver(&seed_with(&replace)).await["number"].as_i64().unwrap();
    house.jobs().await;
    assert_ne!(number, house.case);
    number
}

/// Does something on a case, and works on what follows.
async fn done(house: &House, by: &Person, to: &str, fields: &[(&str, &str)]) {
    let reply = by.post(to, fields).await;
    assert_eq!(reply.status(), 303, "{to}: {}", reply.text().await.unwrap());
    for _ in 0..3 {
        house.jobs().await;
        clock::advance_here(6_000);
    }
}

async fn listed(house: &House, case: i64) -> Vec<(String, String, Value)> {
    let case = house.server.case(case).await;
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let actions = case["actions"].as_array().unwrap().iter();
    actions.map(|one| (text(one, "kind"), text(one, "state"), one["origin_case"].clone())).collect()
}

#[tokio::test]
async fn they_are_carried_out_and_taken_back_on_the_host_that_they_were_asked_for() {
    let house = House::new(0).await;
    let (ana, bo) = (house.server.sign_in("ana", Role::Analyst).await, house.server.sign_in("bo", Role::Lead).await);
    let (case, holder) = (house.case, other(&house).await);
    done(&house, &ana, &format!("/cases/{case}/actions"), &[("kind", "add_tag"), ("tag", "under-review")]).await;
    let tag = house.newest().await.0;
    done(&house, &ana, &format!("/cases/{case}/actions"), &[("kind", "isolate"), ("why", "beacon")]).await;
    let isolation = house.newest().await.0;
    done(&house, &ana, &format!("/cases/{case}/merge"), &[("into", &holder.to_string())]).await;
    // Approved where it stands now, it is done on the host that it was asked for.
    done(&house, &bo, &format!("/cases/{holder}/actions/{isolation}/approve"), &[]).await;
    assert!(house.fake.change(|state| state.sensors[&house.sid].actual), "isolated");
    let page = bo.page(&format!("/cases/{holder}")).await.1;
    assert!(page.contains(&format!("on the host of <a href=\"/cases/{case}\">#{case}</a>")), "{page}");
    // Taken back there by a person, twice by the same form.
    for _ in 0..2 {
        let to = format!("/cases/{holder}/actions/{tag}/reverse");
        done(&house, &ana, &to, &[("idempotency_key", "once")]).await;
    }
    assert!(!house.fake.change(|state| state.sensors[&house.sid].tags.contains_key("under-review")));
    done(&house, &bo, &format!("/cases/{holder}/actions/{isolation}/reverse"), &[]).await;
    assert!(!house.fake.change(|state| state.sensors[&house.sid].actual), "back on the network");
    let told = house.server.case(holder).await["timeline"].to_string();
    assert!(told.contains(&format!("Asked to remove the tag under-review (the host of case #{case})")), "{told}");
    let all = listed(&house, holder).await;
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.iter().all(|one| one.1 == "done" && one.2 == json!(case)), "{all:?}");
    // All of it is that case's again once it is taken out.
    done(&house, &ana, &format!("/cases/{case}/unmerge"), &[]).await;
    assert_eq!((listed(&house, holder).await.len(), listed(&house, case).await.len()), (0, 4));
    let key = [("kind", "add_tag"), ("tag", "x"), ("idempotency_key", "7/once")];
    assert_eq!(house.ask(&ana, &key).await, 422, "as keys of what came with another case are told apart");
}

#[tokio::test]
async fn what_an_action_finds_goes_with_it() {
    let house = House::new(3_600).await;
    let ana = house.server.sign_in("ana", Role::Analyst).await;
    let (case, holder) = (house.case, other(&house).await);
    done(&house, &ana, &format!("/cases/{case}/actions"), &[("kind", "sweep"), ("minutes", "2")]).await;
    done(&house, &ana, &format!("/cases/{case}/merge"), &[("into", &holder.to_string())]).await;
    clock::advance_here(3_700_000);
    house.jobs().await;
    let found = async |case: i64| {
        let case = house.server.case(case).await;
        case["evidence"].as_array().unwrap().iter().filter(|piece| !piece["action"].is_null()).count()
    };
    assert_eq!((found(case).await, found(holder).await), (0, 1));
    done(&house, &ana, &format!("/cases/{case}/unmerge"), &[]).await;
    assert_eq!((found(case).await, found(holder).await), (1, 0));
}
