//! The thinking, as pure functions: what an event holds, what voters are told, what their votes amount to.
//!
//! `observables` and `fingerprint` read an event; `prompt` puts the evidence into words that can't
//! be taken for instructions; `template` tells what of that never changes; `vote` counts, `weighted`
//! by how often each voter was right; `measure` says how far figures can be trusted, `resample` how far
//! effective votes might be otherwise, `shared_errors` which errors voters make together, and `figures` how
//! well verdicts fit labels; `calibration` sets stated confidence against them; `masked` leaves
//! of an event only what it is like, for a second look; `control` plants a harmless instruction;
//! `report` tells the result in the seed's shape; `injection` finds texts that try to
//! steer a model; `claims` compares what voters state with what the event says; `flags` says what
//! argues against the verdict; `reuse` tells when votes on one event may stand for another;
//! `likeness` tells how alike two behaviours are
//! and in what they differ; `policy` names what keeps the machine from acting alone, `preview` what another policy
//! would have done, and `gate` what has been proven; `evidence` reads what LimaCharlie says
//! about it; `unpack` reads encoded text on request; `words` makes an event findable, and `found` tells where in it a search hit.
pub mod calibration;
pub mod claims;
pub mod control;
pub mod evidence;
pub mod figures;
pub mod fingerprint;
pub mod flags;
pub mod found;
pub mod gate;
pub mod injection;
pub mod likeness;
pub mod masked;
pub mod measure;
pub mod observables;
pub mod policy;
pub mod preview;
pub mod prompt;
pub mod render;
pub mod report;
pub mod resample;
pub mod reuse;
pub mod reviews;
pub mod shared_errors;
pub mod template;
pub mod unpack;
pub mod vote;
pub mod weighted;
pub mod words;
