//! Short texts that are said to a database, and of it.
use fusionsoc::domain::spans::{read, write};
use fusionsoc::store::Store;
use fusionsoc::store::wall::{Whose, begin};

#[test]
fn what_is_written_is_read() {
    let text = write(&[1, 2, 3, 7, 9, 10]);
    assert_eq!(text, "1-3, 7, 9-10");
    assert_eq!(read(&text).collect::<Vec<_>>(), [(1, 3), (7, 7), (9, 10)]);
    assert_eq!((write(&[]), read("").count()), (String::new(), 0));
}

#[tokio::test]
async fn what_is_said_is_a_list_of_numbers() {
    assert_eq!(begin("READ ONLY"), "BEGIN READ ONLY; SET LOCAL fusionsoc.orgs = 'all'");
    let of = |whose: Whose| whose.scope(async { begin("READ ONLY") });
    let says = |orgs: &str| format!("BEGIN READ ONLY; SET LOCAL fusionsoc.orgs = '{orgs}'");
    assert_eq!(of(Whose::Of([3, -1].into())).await, says("{3,-1}"));
    assert_eq!(of(Whose::Of([].into())).await, says("{}"));
    assert_eq!(of(Whose::Nobodys).await, says(""));
}

#[test]
fn a_server_elsewhere_must_prove_itself() {
    for here in [
        "sqlite:x.db",
        "postgres://u@localhost/x",
        "postgres://u@127.0.0.2:5432/x?sslmode=disable",
        "postgres://u@[::1]/x",
        "postgres:///x?host=/run/postgresql",
        "postgres://u@db.example/x?sslmode=verify-full",
    ] {
        assert_eq!(Store::unproven(here), None, "{here}");
    }
    for mode in ["", "?sslmode=disable", "?sslmode=prefer", "?sslmode=require", "?sslmode=verify-ca"] {
        let told = Store::unproven(&format!("postgres://u:geheim@db.example/x{mode}")).unwrap_or_default();
        assert!(told.contains("db.example") && !told.contains("geheim"), "{mode}: {told}");
    }
}
