//! LimaCharlie's hive of false-positive rules, in the words of the publisher.
use super::{PublishError, Published, Wanted};
use crate::limacharlie::rules::About;
use crate::limacharlie::{Client, Error, RuleName};

/// Tells ours from those that people wrote there.
const TAG: &str = "fusion-soc";

/// The rule of a name.
///
/// # Errors
/// See [`PublishError`].
pub async fn get(client: &Client, name: &str) -> Result<Option<Published>, PublishError> {
    let there = client.rule(&named(name)?).await.map_err(failed)?;
    Ok(there.map(|rule| Published {
        rule: rule.data,
        expires_ms: rule.usr_mtd.expiry,
        etag: rule.sys_mtd.etag,
        enabled: rule.usr_mtd.enabled,
        error: rule.sys_mtd.last_error,
    }))
}

/// Writes a rule, enabled: one that doesn't say so is stored and does nothing.
///
/// # Errors
/// See [`PublishError`].
pub async fn set(client: &Client, wanted: &Wanted, etag: Option<&str>) -> Result<String, PublishError> {
    let about =
        About { enabled: true, expiry: wanted.expires_ms, tags: vec![TAG.to_owned()], comment: wanted.comment.clone() };
    client.set_rule(&named(&wanted.name)?, &wanted.rule, &about, etag).await.map_err(failed)?;
    // The rule is there. That its etag can't be read now must not look as if it were not.
    let there = get(client, &wanted.name).await.map_err(|error| PublishError::Unknown(error.to_string()))?;
    match there {
        Some(there) if there.error.is_empty() => Ok(there.etag),
        Some(there) => Err(PublishError::Refused(there.error)),
        None => Err(PublishError::Unknown("it is not there after it was written".to_owned())),
    }
}

/// Removes a rule; that it is not there is no error.
///
/// # Errors
/// See [`PublishError`].
pub async fn delete(client: &Client, name: &str) -> Result<(), PublishError> {
    match client.delete_rule(&named(name)?).await {
        Ok(()) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn named(name: &str) -> Result<RuleName, PublishError> {
    name.parse().map_err(|bad: crate::limacharlie::ids::BadId| PublishError::Refused(bad.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn failed(error: Error) -> PublishError {
    match &error {
        Error::Conflict => PublishError::Changed,
        Error::Unknown(text) => PublishError::Unknown(text.clone()),
        error if error.is_passing() => PublishError::Unreachable(error.to_string()),
        error => PublishError::Refused(error.to_string()),
    }
}
