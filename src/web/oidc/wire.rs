//! Requests of the client library over the HTTP client that asks every other upstream, within the same limits.
use crate::intel::Trouble;
use crate::intel::settings::is_closed;
use crate::intel::wire::{broken, received};
use crate::limits;
use crate::outbound::{NoClient, client};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use std::pin::Pin;

/// The client.
pub(super) struct Wire(reqwest::Client);

impl Wire {
    pub(super) fn new() -> Result<Self, NoClient> {
        client().map(Self)
    }

    /// Sends one request. A redirect, a server's fault, and an address that others could read along are no answer.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Trouble> {
        let mut request = reqwest::Request::try_from(request).map_err(|error| broken(&error))?;
        if !is_closed(request.url()) {
            return Err(Trouble::Bad("one of its addresses is neither https nor of this machine".to_owned()));
        }
        *request.timeout_mut() = Some(limits::OIDC_CALL);
        let counted = crate::metrics::Call::begin("oidc");
        let reply = self.0.execute(request).await.map_err(|error| broken(&error))?;
        counted.answered(reply.status().as_u16());
        let (status, headers) = (reply.status(), reply.headers().clone());
        if status.is_redirection() || status.is_server_error() {
            return Err(Trouble::Unreachable(format!("it answered {}", status.as_u16())));
        }
        let mut response = http::Response::new(received(reply).await?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
