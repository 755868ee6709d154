//! Tasks on a case, by hand and from templates.
use super::small::step;
use super::{ReviewError, sight, whole};
use crate::domain::template::Subject;
use crate::domain::{Status, Verdict};
use crate::limits;
use crate::store::cases::Case;
use crate::store::tasks::{self, Task};
use crate::store::templates::{self, Template};
use crate::store::{Actor, Tx, users};

/// Adds a task; `assignee` may be empty.
///
/// # Errors
/// `Invalid` where the text is empty or too long, where there are too many, or nobody has that name.
pub async fn add_task(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    (text, assignee): (&str, &str),
    now_ms: i64,
) -> Result<i64, ReviewError> {
    whole(case)?;
    let text = line(text).map_err(|text| ReviewError::Invalid { field: "task", text })?;
    if tasks::of_case(tx, case.number).await?.len() >= limits::TASKS {
        return ReviewError::invalid("task", format!("A case has at most {} tasks.", limits::TASKS));
    }
    can_take(tx, case, assignee).await?;
    let id = tasks::insert(tx, case.number, (&text, "", assignee), &actor.name, now_ms).await?;
    let whose = if assignee.is_empty() { String::new() } else { format!(" for {assignee}") };
    step(tx, actor, case, "task", &format!("Task{whose}: {text}"), ("", &format!("task:{id}")), now_ms).await?;
    Ok(id)
}

/// A task's text, in one line.
///
/// # Errors
/// What is wrong with it.
pub fn line(text: &str) -> Result<String, String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\0', "\u{FFFD}");
    match text.chars().count() {
        0 => Err("Write what is to be done.".to_owned()),
        1..=limits::TASK => Ok(text),
        _ => Err(format!("A task has at most {} characters.", limits::TASK)),
    }
}

async fn can_take(tx: &mut Tx, case: &Case, name: &str) -> Result<(), ReviewError> {
    if name.is_empty() || users::assignable(tx, case.org_id).await?.iter().any(|user| user.username == name) {
        return Ok(());
    }
    ReviewError::invalid("assignee", "Nobody of this name can take tasks of this organisation.")
}

/// Ticks a task, or takes the tick back.
///
/// # Errors
/// Where the database refuses.
pub async fn tick_task(
    tx: &mut Tx,
    actor: &Actor,
    (case, task): (&Case, &Task),
    done: bool,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if task.done_ms.is_some() == done {
        return Ok(());
    }
    tasks::set_done(tx, task.id, if done { &actor.name } else { "" }, done.then_some(now_ms)).await?;
    let (word, old, new) = if done { ("done", "open", "done") } else { ("open again", "done", "open") };
    step(tx, actor, case, "task", &format!("Task {word}: {}", task.text), (old, new), now_ms).await
}

/// Gives a task to somebody, or with an empty name to nobody.
///
/// # Errors
/// `Invalid` where nobody who can take it has that name.
pub async fn assign_task(
    tx: &mut Tx,
    actor: &Actor,
    (case, task): (&Case, &Task),
    name: &str,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if task.assignee == name {
        return Ok(());
    }
    can_take(tx, case, name).await?;
    tasks::assign(tx, task.id, name).await?;
    let whom = if name.is_empty() { "nobody" } else { name };
    step(tx, actor, case, "task", &format!("Task for {whom}: {}", task.text), (&task.assignee, name), now_ms).await
}

/// Removes a task.
///
/// # Errors
/// Where the database refuses.
pub async fn remove_task(
    tx: &mut Tx,
    actor: &Actor,
    (case, task): (&Case, &Task),
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    if tasks::remove(tx, task.id).await? == 0 {
        return Ok(());
    }
    step(tx, actor, case, "task", &format!("Task removed: {}", task.text), (&task.text, ""), now_ms).await
}

/// The templates that fit a case and were not applied to it.
///
/// # Errors
/// Where the database refuses.
pub async fn fitting_templates(tx: &mut Tx, case: &Case) -> Result<Vec<Template>, sqlx::Error> {
    let all = templates::of_org(tx, case.org_id).await?;
    if all.is_empty() {
        return Ok(all);
    }
    let applied = templates::applied(tx, case.number).await?;
    let techniques: Vec<_> = sight::techniques(tx, case).await?.into_iter().map(|one| one.technique).collect();
    let subject = Subject {
        rule: &case.rule_path,
        techniques: &techniques,
        severity: case.severity,
        verdict: case.verdict,
        machine: case.machine_verdict,
    };
    Ok(all.into_iter().filter(|one| !applied.contains(&one.id) && one.fits.fits(&one.value, &subject)).collect())
}

/// Adds the tasks of a template to a case; a second time changes nothing.
///
/// # Errors
/// `Invalid` where the case would have too many tasks.
pub async fn apply_template(
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    template: &Template,
    now_ms: i64,
) -> Result<(), ReviewError> {
    whole(case)?;
    let there = tasks::of_case(tx, case.number).await?;
    // They may have come with a case that became part of this one.
    let is_there = |text: &str| there.iter().any(|task| task.origin == template.name && task.text == text);
    let lines: Vec<&String> = template.lines.0.iter().filter(|text| !is_there(text)).collect();
    if there.len() + lines.len() > limits::TASKS {
        return ReviewError::invalid("task", format!("A case has at most {} tasks.", limits::TASKS));
    }
    if !templates::apply(tx, case.number, template.id).await? || lines.is_empty() {
        return Ok(());
    }
    for text in &lines {
        tasks::insert(tx, case.number, (text, &template.name, ""), &actor.name, now_ms).await?;
    }
    let count = if lines.len() == 1 { "1 task".to_owned() } else { format!("{} tasks", lines.len()) };
    let text = format!("{count} from the template {}", template.name);
    step(tx, actor, case, "template", &text, ("", &format!("template:{}", template.id)), now_ms).await
}

/// Applies the templates that a declaration as true positive brings along.
pub(super) async fn declared_true_positive(tx: &mut Tx, case: &Case, now_ms: i64) -> Result<(), ReviewError> {
    let case = Case { verdict: Verdict::TruePositive, ..case.clone() };
    apply_by_itself(tx, &case, "true_positive", now_ms).await
}

/// Applies the templates that fit a case and are applied by themselves at such a moment: `opened` or `true_positive`.
pub(super) async fn apply_by_itself(tx: &mut Tx, case: &Case, moment: &str, now_ms: i64) -> Result<(), ReviewError> {
    for template in fitting_templates(tx, case).await?.iter().filter(|one| one.auto == moment) {
        // A case that is full of tasks takes none of them, and goes on all the same.
        match apply_template(tx, &Actor::system(), case, template, now_ms).await {
            Err(ReviewError::Invalid { .. }) => {}
            other => other?,
        }
    }
    Ok(())
}

/// The texts of what is still to be done on a case.
///
/// # Errors
/// Where the database refuses.
pub async fn open_tasks(tx: &mut Tx, case: i64) -> Result<Vec<String>, sqlx::Error> {
    let all = tasks::of_case(tx, case).await?;
    Ok(all.into_iter().filter(|task| task.done_ms.is_none()).map(|task| task.text).collect())
}

/// Refuses to close a true positive while tasks are open, unless that is `confirmed`.
///
/// # Errors
/// `Invalid` that names what is open.
pub async fn check_tasks(
    tx: &mut Tx,
    case: &Case,
    (verdict, status): (Verdict, Status),
    confirmed: bool,
) -> Result<(), ReviewError> {
    let closing = status == Status::Closed && case.status != Status::Closed;
    if verdict != Verdict::TruePositive || !closing || confirmed {
        return Ok(());
    }
    let open = open_tasks(tx, case.number).await?;
    let shown: Vec<String> = open.iter().take(5).map(|text| super::first_line(text, 80)).collect();
    let more = if open.len() > 5 { format!("; and {} more", open.len() - 5) } else { String::new() };
    match open.len() {
        0 => Ok(()),
        1 => ReviewError::invalid("confirm_tasks", format!("1 task is open: {}. Close all the same?", shown[0])),
        count => ReviewError::invalid(
            "confirm_tasks",
            format!("{count} tasks are open: {}{more}. Close all the same?", shown.join("; ")),
        ),
    }
}
