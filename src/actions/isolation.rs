//! Isolation of a host: asked for once, then looked at until what is wanted is what is.
//!
//! LimaCharlie keeps the wish, and a sensor that is offline follows it when it comes back. So the
//! action runs until the sensor does as it is told.
use super::effect::{Came, Effect, On, Trouble, id, trouble};
use crate::domain::action::Plan;
use async_trait::async_trait;

/// Isolating a host and letting it back.
pub struct Isolation;

#[async_trait]
impl Effect for Isolation {
    async fn run(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let sid = id(on.sid)?;
        if matches!(on.plan, Plan::Isolate) {
            on.client.isolate(&sid).await.map_err(trouble)?;
        } else {
            on.client.rejoin(&sid).await.map_err(trouble)?;
        }
        // The wish arrived. A look that fails must not make it look as if it had not.
        self.check(on)
            .await
            .or_else(|_| Ok(Came::Awaited("LimaCharlie took it; the sensor was not looked at yet.".to_owned())))
    }

    async fn check(&self, on: &On<'_>) -> Result<Came, Trouble> {
        let state = on.client.isolation(&id(on.sid)?).await.map_err(trouble)?;
        let wish = matches!(on.plan, Plan::Isolate);
        Ok(match (state.wanted == wish, state.actual == wish) {
            (true, true) if wish => Came::Done("The host is isolated: wanted and actual agree.".to_owned()),
            (true, true) => Came::Done("The host is on the network: wanted and actual agree.".to_owned()),
            (true, false) if wish => {
                Came::Awaited("Isolation is wanted; the host is not isolated yet. An offline sensor follows when it is back.".to_owned())
            }
            (true, false) => {
                Came::Awaited("The host is to be back on the network; it is still isolated. An offline sensor follows when it is back.".to_owned())
            }
            (false, _) => Came::Not("LimaCharlie wants the opposite: somebody else changed it.".to_owned()),
        })
    }
}
