//! The program, its machine and its store in numbers.
use super::super::App;
use super::super::view::words::{When, bytes, duration, when};
use crate::api::disk;
use crate::api::metrics::{resident, started_ms};
use crate::clock::now_ms;
use crate::error::Result;
use crate::limits;
use crate::metrics;
use crate::store::{Tx, schema, upkeep};

/// What is known of the installation.
pub struct Facts {
    pub started: When,
    pub uptime: String,
    pub memory: Option<String>,
    pub store: String,
    pub disk: Option<String>,
    pub writes: String,
    pub connections: i64,
    pub streams: usize,
}

/// All of it, of this process.
pub async fn facts(tx: &mut Tx, app: &App) -> Result<Facts> {
    let (size, schema) = (upkeep::size(tx).await?, schema::newest(tx).await?);
    let room = |count: u64| bytes(i64::try_from(count).unwrap_or(i64::MAX));
    let space = disk::folder(&app.config).and_then(|folder| disk::space(&folder));
    Ok(Facts {
        started: when(started_ms()),
        uptime: duration(now_ms() - started_ms()),
        memory: resident().map(room),
        store: format!("{}, {}, schema {schema}", app.store.product(), bytes(size)),
        disk: space.map(|space| format!("{} of {} free, {} %", room(space.free), room(space.total), space.percent())),
        writes: writes(metrics::writes()),
        connections: metrics::connections(),
        streams: limits::STREAMS - app.streams.available_permits(),
    })
}

/// How writes of this process fared.
#[expect(clippy::cast_precision_loss, reason = "a mean of many")]
fn writes(said: metrics::Writes) -> String {
    let slow = metrics::SLOW_WRITE.as_millis();
    match said.count {
        0 => "none yet".to_owned(),
        count => format!(
            "{count} since the start, {:.1} ms on average; {} waited over {slow} ms, {} got no turn",
            said.waited * 1000.0 / count as f64,
            said.slow,
            said.refused
        ),
    }
}
