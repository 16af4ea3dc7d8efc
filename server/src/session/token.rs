//! The one-time token that the console prints, as Jupyter does: who reads the terminal may sign in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::random;

/// How long a token is good for.
const LIFE: Duration = Duration::from_hours(1);

/// The current token and when it was made.
pub struct OneTimeToken(Mutex<(Arc<str>, Instant)>);

impl OneTimeToken {
    /// A first token of 32 random bytes.
    pub fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(Mutex::new(make()?)))
    }

    /// The token that signs in the next person.
    pub fn current(&self) -> Arc<str> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&guard.0)
    }

    /// Whether `given` is the token; if so, it is used up and another takes its place.
    pub fn redeem(&self, given: &str) -> Result<bool, getrandom::Error> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (token, made) = &*guard;
        let right = bool::from(token.as_bytes().ct_eq(given.as_bytes())) && made.elapsed() < LIFE;
        if right {
            *guard = make()?;
        }
        Ok(right)
    }

    /// Replaces a token that is too old; tells whether it did.
    pub fn renew(&self) -> Result<bool, getrandom::Error> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let old = guard.1.elapsed() >= LIFE;
        if old {
            *guard = make()?;
        }
        Ok(old)
    }
}

fn make() -> Result<(Arc<str>, Instant), getrandom::Error> {
    Ok((random::text::<32>()?.into(), Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_once() {
        let token = OneTimeToken::new().unwrap();
        let first = token.current();
        assert!(!token.redeem("").unwrap());
        assert!(!token.redeem(&first[1..]).unwrap());
        assert!(token.redeem(&first).unwrap());
        assert!(!token.redeem(&first).unwrap());
        assert!(token.redeem(&token.current()).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn token_is_good_for_an_hour() {
        let token = OneTimeToken::new().unwrap();
        let first = token.current();
        assert!(!token.renew().unwrap());
        tokio::time::advance(LIFE).await;
        assert!(!token.redeem(&first).unwrap());
        assert!(token.renew().unwrap());
        assert_ne!(first, token.current());
        assert!(token.redeem(&token.current()).unwrap());
    }
}
