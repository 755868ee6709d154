//! Lists that come in pages: the cursor tells whether there is more, an empty page doesn't.
use super::call::{Request, encoded};
use super::packed::items;
use super::{Client, Error, Range, Result};
use serde_json::value::RawValue;
use std::collections::{HashMap, HashSet};

/// Where a list goes on, in LimaCharlie's own words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// The beginning of a list.
    pub fn start() -> Self {
        Self("-".to_owned())
    }

    /// A cursor that was kept.
    pub fn kept(text: &str) -> Self {
        if text.is_empty() { Self::start() } else { Self(text.to_owned()) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A list that is read page by page. Each item is the text as it came.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    path: String,
    query: Vec<(&'static str, String)>,
    list: &'static str,
    seen: HashSet<Cursor>,
    next: Option<Cursor>,
}

impl Pages {
    /// A list below `/v1/` whose items are in the field `list`.
    pub(super) fn new(
        client: &Client,
        path: String,
        list: &'static str,
        range: Range,
        more: &[(&'static str, String)],
    ) -> Self {
        let mut query = vec![
            ("start", range.from_s().to_string()),
            ("end", range.to_s().to_string()),
            ("is_compressed", "true".to_owned()),
        ];
        query.extend_from_slice(more);
        Self { client: client.clone(), path, query, list, seen: HashSet::new(), next: Some(Cursor::start()) }
    }

    /// Goes on at a cursor that was kept.
    #[must_use]
    pub fn from(mut self, cursor: Cursor) -> Self {
        self.next = Some(cursor);
        self
    }

    /// Where the next page begins; nothing after the last one.
    pub const fn cursor(&self) -> Option<&Cursor> {
        self.next.as_ref()
    }

    /// The next page, which may be empty; nothing after the last one. After an error the same page is asked for again.
    ///
    /// # Errors
    /// See [`Error`]; also where a cursor comes a second time, which would never end.
    pub async fn next(&mut self) -> Result<Option<Vec<Box<RawValue>>>> {
        let Some(cursor) = self.next.clone() else { return Ok(None) };
        let mut fields = vec![("cursor", cursor.as_str())];
        fields.extend(self.query.iter().map(|(name, value)| (*name, value.as_str())));
        let url = format!("{}?{}", self.client.v1(&self.path), encoded(&fields));
        let mut reply: HashMap<String, Box<RawValue>> = self.client.read(&Request::get(url)).await?;
        let next = reply.remove("next_cursor").map_or(Ok(None), |raw| following(&raw))?;
        let page = items(reply.get(self.list).map(|list| &**list))?;
        self.seen.insert(cursor);
        if next.as_ref().is_some_and(|next| self.seen.contains(next)) {
            return Err(Error::Bad("the list leads back to a page that was read already".to_owned()));
        }
        self.next = next;
        Ok(Some(page))
    }

    /// Everything that is left, up to `most` items; `true` where that is all there is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn rest(&mut self, most: usize) -> Result<(Vec<Box<RawValue>>, bool)> {
        let mut all = Vec::new();
        while let Some(page) = self.next().await? {
            all.extend(page);
            if all.len() > most {
                all.truncate(most);
                return Ok((all, false));
            }
        }
        Ok((all, true))
    }
}

/// The cursor of the next page; null and nothing are the end.
fn following(raw: &RawValue) -> Result<Option<Cursor>> {
    match serde_json::from_str::<Option<String>>(raw.get()) {
        Ok(Some(text)) if text.len() > 8192 => Err(Error::Bad("a cursor is too long".to_owned())),
        Ok(Some(text)) if !text.is_empty() => Ok(Some(Cursor(text))),
        Ok(_) => Ok(None),
        Err(_) => Err(Error::Bad("a cursor is not a text".to_owned())),
    }
}
