//! Extractors that say what is wrong in our own words.
use crate::error::AppError;
use crate::limits;
use axum::body::Bytes;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection, RawFormRejection};
use axum::extract::{DefaultBodyLimit, Form, FromRequest, FromRequestParts, Path, Query, RawForm, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A form; what can't be read is a 422, or a 413 where it is too large.
pub struct Fields<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Fields<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, state: &S) -> Result<Self, AppError> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state)
            .await
            .map_err(|error| crate::error::AppError::from_body(&error))?;
        // PostgreSQL refuses NUL in texts, and no person types one.
        if bytes.windows(3).any(|three| three == b"%00") || bytes.contains(&0) {
            return Err(AppError::Invalid {
                field: "form".to_owned(),
                text: "a field holds a NUL character".to_owned(),
            });
        }
        match Form::<T>::from_request(Request::from_parts(parts, bytes.into()), state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(AppError::Unsupported("A form is expected.")),
            Err(_) => Err(AppError::Invalid {
                field: "form".to_owned(),
                text: "a field is missing or of the wrong kind".to_owned(),
            }),
        }
    }
}

/// A form with a note, which may be longer than others.
pub struct NoteFields<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for NoteFields<T> {
    type Rejection = AppError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, AppError> {
        DefaultBodyLimit::max(limits::NOTE_BODY).apply(&mut request);
        Fields::from_request(request, state).await.map(|Fields(fields)| Self(fields))
    }
}

/// The same as it was sent.
pub struct NoteBytes(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for NoteBytes {
    type Rejection = RawFormRejection;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, RawFormRejection> {
        DefaultBodyLimit::max(limits::NOTE_BODY).apply(&mut request);
        RawForm::from_request(request, state).await.map(|RawForm(bytes)| Self(bytes))
    }
}

/// A case's number in the path; anything else is a 404.
pub struct CaseNumber(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for CaseNumber {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let values = path.map_err(|_: PathRejection| AppError::NotFound)?.0;
        let number = values.iter().find(|(name, _)| name == "number").and_then(|(_, value)| value.parse().ok());
        number.filter(|number| *number > 0).map(Self).ok_or(AppError::NotFound)
    }
}

/// The id of a row in the path; anything else is a 404.
pub struct RowId(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for RowId {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let values = path.map_err(|_: PathRejection| AppError::Unknown("page"))?.0;
        let id = values.iter().find(|(name, _)| name == "id").and_then(|(_, value)| value.parse().ok());
        id.map(Self).ok_or(AppError::Unknown("page"))
    }
}

/// The parts of the path that stand for something, decoded; what is not text is a 404.
pub struct Named(pub Vec<String>);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let path = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let values = path.map_err(|_: PathRejection| AppError::NotFound)?.0;
        Ok(Self(values.into_iter().map(|(_, value)| value).collect()))
    }
}

/// A query string; what can't be read is a 400.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AppError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(asked)| Self(asked)).map_err(|_: QueryRejection| {
            AppError::BadRequest("The address has a parameter that can't be read.".to_owned())
        })
    }
}
