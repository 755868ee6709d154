//! The newest seal, kept in a small file beside the key file.
//!
//! All that is in the database can be written anew by who has it in their hands, but for what the key signs. This file
//! says how far the key has signed: a database that does not have that seal is not the one that was sealed, and the
//! next seal would vouch for it. Other machines on the same database may have older files; those hold as well.
use super::Fault;
use crate::secret::{Signer, is_signed};
use crate::store::ledger::{self, Segment};
use crate::store::record::{Entry, audit};
use crate::store::{Actor, Store, Tx};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The name of this form.
const FORMAT: &str = "fusionsoc-ledger-newest-1";

/// A seal as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newest {
    /// [`FORMAT`].
    pub format: String,
    /// The segment's number.
    pub segment: i64,
    /// Its last line.
    pub line: i64,
    /// The hash of that line in hex.
    pub hash: String,
    /// The signature in hex over a JSON array without spaces of format, segment, line and hash.
    pub signature: String,
}

impl Newest {
    fn of(signer: &Signer, segment: &Segment) -> Self {
        let mut newest = Self {
            format: FORMAT.to_owned(),
            segment: segment.number,
            line: segment.last_id,
            hash: hex::encode(&segment.last_hash),
            signature: String::new(),
        };
        newest.signature = hex::encode(signer.sign(&newest.signed()));
        newest
    }

    /// The text that is signed.
    fn signed(&self) -> String {
        serde_json::json!([FORMAT, self.segment, self.line, self.hash]).to_string()
    }

    /// Reads the file; nothing where there is none.
    ///
    /// # Errors
    /// Where it can't be read or is not as it was written.
    pub fn read(signer: &Signer) -> Result<Option<Self>, Fault> {
        let file = signer.seal_file();
        let bad = |why: &str| Fault::Newest(format!("{}: {why}", file.display()));
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(bad(&error.to_string())),
            Ok(text) => text,
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| bad(&format!("can't be read: {error}")))?;
        let signature = hex::decode(&read.signature).unwrap_or_default();
        if read.format != FORMAT || !is_signed(&read.signed(), signer.public_key(), &signature) {
            return Err(bad("was not written with this key file, or was altered"));
        }
        Ok(Some(read))
    }

    /// What is wrong where the database does not have this seal; `segment` is its segment with the same number.
    pub fn compare(&self, segment: Option<&Segment>) -> Option<Fault> {
        let is_there = segment.is_some_and(|one| one.last_id == self.line && hex::encode(&one.last_hash) == self.hash);
        (!is_there).then(|| {
            Fault::Newest(format!(
                "segment {} up to line {} was sealed, which the file beside the key file tells, and the database does \
                 not have that seal: it was written anew, or is an older one",
                self.segment, self.line
            ))
        })
    }
}

/// Keeps a seal that this installation signed, unless a newer one is kept.
///
/// # Errors
/// Where the file can't be written.
pub fn keep(signer: &Signer, segment: &Segment) -> io::Result<()> {
    let is_own = is_signed(&segment.signed(), signer.public_key(), &segment.signature);
    // What is there and can't be read is for a person to look at.
    let Ok(kept) = Newest::read(signer) else { return Ok(()) };
    if !is_own || kept.is_some_and(|kept| kept.segment >= segment.number) {
        return Ok(());
    }
    let (file, text) = (signer.seal_file(), serde_json::to_string(&Newest::of(signer, segment))?);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Its mode is 0600 from the beginning.
    let mut new = tempfile::Builder::new().prefix(".fusionsoc-").suffix(".seal").tempfile_in(folder)?;
    writeln!(new, "{text}")?;
    new.as_file().sync_all()?;
    new.persist(file).map_err(|refused| refused.error)?;
    fs::File::open(folder)?.sync_all()
}

/// What is wrong where a database does not go on from the seal that is kept, or from its own newest one.
///
/// # Errors
/// Where the database refuses.
pub(super) async fn broken(tx: &mut Tx, signer: &Signer) -> crate::store::Result<Option<Fault>> {
    let kept = match Newest::read(signer) {
        Err(fault) => return Ok(Some(fault)),
        Ok(kept) => kept,
    };
    if let Some(kept) = kept {
        let segment = ledger::segment(tx, kept.segment).await?;
        if let Some(fault) = kept.compare(segment.as_ref()) {
            return Ok(Some(fault));
        }
    }
    Ok(ledger::last_segment(tx).await?.and_then(|last| super::unsigned(&last, signer)))
}

/// Why a file could not be set aside.
#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// The database refused.
    #[error("database: {0}")]
    Store(#[from] sqlx::Error),
    /// The file can't be moved.
    #[error("{0}")]
    File(#[from] io::Error),
}

/// After a restore: where the backup is older than the seal that is kept, gives its file another name, which is
/// returned, and enters that. One that the restored database has stays.
///
/// # Errors
/// Where database or file refuse.
pub async fn restored(store: &Store, signer: &Signer, now_ms: i64) -> Result<Option<PathBuf>, AsideError> {
    let Ok(Some(kept)) = Newest::read(signer) else { return Ok(None) };
    let segment = ledger::segment(&mut store.read().await?, kept.segment).await?;
    if kept.compare(segment.as_ref()).is_none() {
        return Ok(None);
    }
    let mut tx = store.write().await?;
    let (object, old) = (format!("segment:{}", kept.segment), format!("line {}, hash {}", kept.line, kept.hash));
    let new = "the backup is older than this seal; its file was set aside";
    let entry = Entry { action: "seal_set_aside", object: &object, old: &old, new };
    audit(&mut tx, &Actor::operator(), None, &entry, now_ms).await?;
    let aside = set_aside(signer.seal_file())?;
    tx.commit().await?;
    Ok(Some(aside))
}

/// Gives a file a name that nothing has.
fn set_aside(file: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| {
        let mut name = file.as_os_str().to_owned();
        name.push(if number == 1 { ".before-restore".to_owned() } else { format!(".before-restore.{number}") });
        PathBuf::from(name)
    };
    let free = (1..10_000).map(name).find(|name| name.symlink_metadata().is_err());
    let aside = free.ok_or_else(|| io::Error::from(ErrorKind::AlreadyExists))?;
    fs::rename(file, &aside)?;
    Ok(aside)
}
