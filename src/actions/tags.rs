//! Tags on a sensor: they show on later events, and rules read them.
use super::effect::{Came, Effect, On, Trouble, id, trouble};
use crate::domain::action::Plan;
use crate::limacharlie::Tag;
use async_trait::async_trait;
use std::num::NonZeroU32;

/// Adding and removing a tag.
pub struct Tags;

#[async_trait]
impl Effect for Tags {
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let sid = id(on.sid)?;
        match on.plan {
            Plan::AddTag { tag, ttl_s } => {
                let seconds = ttl_s.and_then(|seconds| u32::try_from(seconds).ok()).and_then(NonZeroU32::new);
                on.client.add_tags(&sid, &[id::<Tag>(tag)?], seconds).await.map_err(trouble)?;
                Ok(Came::Done("The sensor has the tag; it shows on later events.".to_owned()))
            }
            Plan::RemoveTag { tag } => {
                on.client.remove_tag(&sid, &id::<Tag>(tag)?).await.map_err(trouble)?;
                Ok(Came::Done("The sensor does not have the tag any more; later events show it.".to_owned()))
            }
            _ => Err(Trouble::Failed("this is not about a tag".to_owned())),
        }
    }

    async fn check(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let there = on.client.tags(&id(on.sid)?).await.map_err(trouble)?;
        let (wanted, tag) = match on.plan {
            Plan::AddTag { tag, .. } => (true, tag),
            Plan::RemoveTag { tag } => (false, tag),
            _ => return Err(Trouble::Failed("this is not about a tag".to_owned())),
        };
        let has = there.iter().any(|one| one.name == *tag);
        let said = if has { "The sensor has the tag." } else { "The sensor does not have the tag." }.to_owned();
        Ok(if has == wanted { Came::Done(said) } else { Came::Not(said) })
    }
}
