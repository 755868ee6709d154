//! A sensor's isolation from the network: what is wanted, and what is.
use super::call::{Effect, Request};
use super::ids::Sid;
use super::{Client, Result};
use serde::Deserialize;

/// Wanted and actual differ until the sensor has heard of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isolation {
    /// Whether it is to be isolated.
    pub wanted: bool,
    /// Whether it is.
    pub actual: bool,
}

impl Isolation {
    /// Whether the sensor does as it is told.
    pub const fn is_settled(self) -> bool {
        self.wanted == self.actual
    }
}

impl Client {
    /// A sensor's isolation.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn isolation(&self, sid: &Sid) -> Result<Isolation> {
        #[derive(Deserialize)]
        struct Reply {
            should_isolate: bool,
            is_isolated: bool,
        }
        let reply: Reply = self.read(&Request::get(self.v1(&format!("{sid}/isolation")))).await?;
        Ok(Isolation { wanted: reply.should_isolate, actual: reply.is_isolated })
    }

    /// Asks for isolation, which survives a restart of the host.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn isolate(&self, sid: &Sid) -> Result<()> {
        self.send(&Request::post(self.v1(&format!("{sid}/isolation")), Effect::Write)).await.map(|_| ())
    }

    /// Asks for the end of isolation.
    ///
    /// # Errors
    /// See [`super::Error`].
    pub async fn rejoin(&self, sid: &Sid) -> Result<()> {
        self.send(&Request::delete(self.v1(&format!("{sid}/isolation")))).await.map(|_| ())
    }
}
