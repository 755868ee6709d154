//! Behaviours that were stored before they were compared.
use crate::precedents::{FAMILY, case_of, declare, level, levels, ran};
use crate::support::spawn;
use fusionsoc::domain::Role;
use fusionsoc::jobs::reindex;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn older_rows_are_inconclusive_until_they_are_read_again() {
    let server = spawn().await;
    let ana = server.sign_in("ana", Role::Analyst).await;
    declare(&ana, case_of(&server, &ran(1, " -verbose")).await, "false_positive").await;
    let open = case_of(&server, &ran(2, "")).await;
    assert_eq!(levels(&ana, open).await, [0, 1, 0]);
    server.sql("UPDATE precedents SET rule_id = NULL, family = '', behaviour = NULL").await;
    let (count, family) = level(&ana, open, FAMILY).await;
    assert!(count == 0 && family.contains("inconclusive: older ones are still being read"), "{family}");
    assert_eq!(server.case(open).await["local_evidence"]["precedents"][2]["state"], "inconclusive");
    let stop = CancellationToken::new();
    assert_eq!(reindex::catch_up(&server.app.store, &stop).await.unwrap(), 2, "both behaviours");
    assert_eq!(levels(&ana, open).await, [0, 1, 0]);
    assert!(level(&ana, open, FAMILY).await.1.contains("found"));
    assert_eq!(reindex::catch_up(&server.app.store, &stop).await.unwrap(), 0, "nothing is read twice");
}
