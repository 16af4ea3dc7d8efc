//! Where the tokens of users are stored, and who may refresh them: with several replicas, one at a time. Providers whose
//! refresh tokens are valid once take a second use for a theft, and revoke all of them.

use std::sync::Arc;

use async_trait::async_trait;

use app::api::error::ApiError;

use crate::identity::open_id::{OpenIdTokens, OpenIdUser};

/// The answer to the wish to refresh tokens.
#[derive(Debug)]
pub enum Reservation {
    /// This process may refresh them; until it stores or releases them, no other may, for a limited time.
    Reserved,
    /// They have been refreshed already.
    Newer(Arc<OpenIdTokens>),
    /// Another process is refreshing them.
    Busy,
    /// The session has ended.
    Ended,
}

/// The store of the tokens of sessions.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Reserves the refresh of the tokens of a session, which are those of `user`.
    async fn reserve(&self, user: &OpenIdUser) -> Result<Reservation, ApiError>;

    /// Stores the new tokens of `user`, and ends the reservation.
    async fn store(&self, user: &OpenIdUser);

    /// Ends the reservation without new tokens.
    async fn release(&self, user: &OpenIdUser);
}
