//! A database whose name is a link to the file: everybody means the file, with its journal and its lock.
use super::{Place, detection, one_line};
use fusionsoc::store::Store;
use std::path::Path;

/// A database on another disk, to which a link leads that was made before it.
fn linked(to: &str) -> Place {
    let place = Place::sqlite("x.db");
    std::fs::create_dir(place.path("big")).unwrap();
    std::os::unix::fs::symlink(to.replace("HERE", place.dir.path().to_str().unwrap()), place.path("x.db")).unwrap();
    place
}

/// The same database by its own name.
fn direct(place: &Place) -> Place {
    let other = Place::sqlite("none.db");
    Place::at(other.dir, format!("sqlite:{}", place.path("big/real.db").display()))
}

fn is_link(file: &Path) -> bool {
    file.symlink_metadata().unwrap().is_symlink()
}

#[tokio::test]
async fn nobody_restores_under_a_server_whose_database_is_a_link() {
    for to in ["HERE/big/real.db", "big/real.db"] {
        let place = linked(to);
        let token = place.set_up().await;
        assert!(is_link(&place.path("x.db")) && place.path("big/real.db").is_file(), "{to}");
        place.ok(&["backup", "good.db"]).await;
        let running = place.serve().await;
        running.post(&token, detection(1)).await.unwrap();
        let good = place.path("good.db").display().to_string();
        for one in [&place, &direct(&place)] {
            let (code, _, err) = one.run(&["restore", &good]).await;
            one_line(&err, "stop it first");
            assert_eq!(code, 1);
            let (code, _, err) = one.run(&["serve"]).await;
            one_line(&err, "another server is using this database");
            assert_eq!(code, 1);
        }
        running.holds(&token, &[1]).await;
        running.stop();
        place.ok(&["restore", "good.db"]).await;
        assert!(is_link(&place.path("x.db")) && place.path("big/real.db.before-restore").is_file(), "{to}");
        let running = place.serve().await;
        let (status, answer) = running.post(&token, detection(1)).await.unwrap();
        assert_eq!((status, &answer["accepted"]), (202, &1.into()), "it is the backup: {answer}");
    }
}

#[tokio::test]
async fn no_database_is_made_beside_a_journal_that_a_link_leads_to() {
    let place = linked("big/real.db");
    std::fs::write(place.path("big/real.db-wal"), "what was not yet in the file").unwrap();
    let (code, _, err) = place.run(&["serve"]).await;
    one_line(&err, "is gone, yet its journal");
    assert!(code == 2 && !place.path("big/real.db").exists(), "{err}");
    std::fs::remove_dir_all(place.path("big")).unwrap();
    let (code, _, err) = place.run(&["serve"]).await;
    one_line(&err, "big/real.db");
    assert!(code == 2 && !place.path("big").exists(), "the disk is not mounted: {err}");
}

#[test]
fn links_in_a_circle_end() {
    let place = linked("x.db");
    assert_eq!(Store::file_of(&place.url).unwrap().file_name().unwrap(), "x.db");
}
