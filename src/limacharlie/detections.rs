//! Detections that LimaCharlie keeps.
use super::call::Request;
use super::ids::DetectId;
use super::{Client, Error, Pages, Range, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

impl Client {
    /// Detections raised within a range. LimaCharlie promises no order.
    pub fn detections(&self, range: Range) -> Pages {
        Pages::new(self, format!("insight/{}/detections", self.oid()), "detects", range, &[])
    }

    /// One detection, exactly as it came; nothing where LimaCharlie doesn't have it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn detection(&self, id: &DetectId) -> Result<Option<Box<RawValue>>> {
        let url = self.v1(&format!("insight/{}/detections/{id}", self.oid()));
        known(self.read::<Wrapped>(&Request::get(url)).await.map(|reply| reply.event))
    }
}

/// A single document comes in a wrapper, those of a list don't.
#[derive(Deserialize)]
pub(super) struct Wrapped {
    pub(super) event: Box<RawValue>,
}

/// What is not there is no failure.
pub(super) fn known<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
