//! Extractors that say what is wrong in our own words.
use crate::error::AppError;
use axum::body::Bytes;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, FromRequest, FromRequestParts, Path, Query, Request};
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
