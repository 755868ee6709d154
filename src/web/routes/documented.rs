//! Who may do what, as the documentation shows it.
use super::{ALL, Who};
use crate::domain::Role;
use std::fmt::Write;

/// The table as the documentation shows it.
pub fn documented() -> String {
    let mut text = "| | viewer | analyst | lead | admin |\n|---|---|---|---|---|\n".to_owned();
    for group in ALL {
        let cells = match group.who {
            Who::Person(least) => Role::ALL.iter().map(|role| if *role >= least { " ✓ |" } else { " |" }).collect(),
            Who::Anybody => " everybody ||||".to_owned(),
            Who::Token(scope) => format!(" a token with scope `{}` ||||", scope.as_str()),
            Who::Watcher => " a program with the metrics token ||||".to_owned(),
            Who::Sender => " programs ||||".to_owned(),
        };
        let _ = writeln!(text, "| {} |{cells}", group.does);
    }
    text
}
