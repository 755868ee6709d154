//! A command of the closed list for the sensor. Its replies come as events of their own.
use super::effect::{Came, Effect, On, Trouble, id, trouble};
use async_trait::async_trait;

/// Tasking a sensor.
pub struct Task;

#[async_trait]
impl Effect for Task {
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let command = on.plan.command_line().ok_or_else(|| Trouble::Failed("this is not a task".to_owned()))?;
        let name = format!("fusionsoc-{}", on.action);
        on.client.task(&id(on.sid)?, &[id(&command)?], &id(&name)?, &id(&name)?).await.map_err(trouble)?;
        Ok(Came::Done(format!("Sent. Its replies are events with the investigation id {name}.")))
    }
}
