//! The one-time token that the console prints, as Jupyter does: whoever can read the terminal may sign in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::random;

/// How long a token is valid.
const LIFETIME: Duration = Duration::from_hours(1);

/// The current token and when it was created.
pub struct OneTimeToken(Mutex<(Arc<str>, Instant)>);

impl OneTimeToken {
    /// Creates a token of 32 random bytes.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(Mutex::new(generate()?)))
    }

    /// Returns the token for the next sign-in.
    pub fn current(&self) -> Arc<str> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&guard.0)
    }

    /// Whether `given` is the token; if so, it is replaced by a new one.
    pub fn redeem(&self, given: &str) -> Result<bool, getrandom::Error> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, created) = &*guard;
        let is_valid = bool::from(token.as_bytes().ct_eq(given.as_bytes())) && created.elapsed() < LIFETIME;
        if is_valid {
            *guard = generate()?;
        }
        Ok(is_valid)
    }

    /// Replaces an expired token; returns whether it did.
    pub fn renew(&self) -> Result<bool, getrandom::Error> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_expired = guard.1.elapsed() >= LIFETIME;
        if is_expired {
            *guard = generate()?;
        }
        Ok(is_expired)
    }
}

fn generate() -> Result<(Arc<str>, Instant), getrandom::Error> {
    Ok((random::text::<32>()?.into(), Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_valid_once() {
        let token = OneTimeToken::new().unwrap();
        let first = token.current();
        assert!(!token.redeem("").unwrap());
        assert!(!token.redeem(&first[1..]).unwrap());
        assert!(token.redeem(&first).unwrap());
        assert!(!token.redeem(&first).unwrap());
        assert!(token.redeem(&token.current()).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn token_expires_after_an_hour() {
        let token = OneTimeToken::new().unwrap();
        let first = token.current();
        assert!(!token.renew().unwrap());
        tokio::time::advance(LIFETIME).await;
        assert!(!token.redeem(&first).unwrap());
        assert!(token.renew().unwrap());
        assert_ne!(first, token.current());
        assert!(token.redeem(&token.current()).unwrap());
    }
}
