//! Tasks for a sensor. Their answers come as events with the investigation's id.
use super::call::{Effect, Request};
use super::ids::{Investigation, Sid, Task, TaskKey};
use super::{Client, Error, Result};
use reqwest::header::HeaderValue;

impl Client {
    /// Gives tasks to a sensor. A task that arrives again with the same key is not done again.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn task(&self, sid: &Sid, tasks: &[Task], investigation: &Investigation, key: &TaskKey) -> Result<()> {
        let mut fields: Vec<_> = tasks.iter().map(|task| ("tasks", task.as_str())).collect();
        fields.push(("investigation_id", investigation.as_str()));
        let key = HeaderValue::from_str(key.as_str()).map_err(|_| Error::Bad("a key can't be sent".to_owned()))?;
        let request = Request::post(self.v1(sid.as_str()), Effect::Write).form(&fields);
        self.send(&request.header("x-idempotent-key", key)).await.map(|_| ())
    }
}
