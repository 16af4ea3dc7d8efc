//! Encrypts the credentials of a session with a key that only the session's cookie contains: neither the stored
//! sessions alone nor a cookie alone reveal them.

use aes_gcm::aead::{Aead, Nonce};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

/// Length of the nonce in bytes, which precedes the ciphertext.
const NONCE: usize = 12;

/// The key of one session's credentials.
pub struct SealKey([u8; 32]);

impl SealKey {
    /// Creates a random key.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// Reads the key of a cookie.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// Returns the key for a cookie.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Encrypts `text`, for the session `id` only.
    pub fn seal(&self, id: &str, text: &[u8]) -> Result<String, getrandom::Error> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce)?;
        let payload = aes_gcm::aead::Payload {
            msg: text,
            aad: id.as_bytes(),
        };
        // Fails for texts of many gigabytes only.
        let sealed = self
            .cipher()
            .encrypt(Nonce::<Aes256Gcm>::from_slice(&nonce), payload)
            .unwrap_or_default();
        Ok(BASE64_STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// Decrypts a text of the session `id`; `None` if it was encrypted with another key or for another session.
    pub fn open(&self, id: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = BASE64_STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let payload = aes_gcm::aead::Payload {
            msg: sealed,
            aad: id.as_bytes(),
        };
        self.cipher()
            .decrypt(Nonce::<Aes256Gcm>::from_slice(nonce), payload)
            .ok()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_text_opens_with_its_key_and_session_only() {
        let key = SealKey::new().unwrap();
        let sealed = key.seal("session", b"token").unwrap();
        let again = SealKey::from_text(&key.to_text()).unwrap();
        assert_eq!(again.open("session", &sealed).as_deref(), Some(&b"token"[..]));
        assert_eq!(again.open("other", &sealed), None);
        assert_eq!(SealKey::new().unwrap().open("session", &sealed), None);
        assert_ne!(sealed, key.seal("session", b"token").unwrap());
        let mut changed = sealed.clone().into_bytes();
        let last = changed.len() - 5;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        assert_eq!(key.open("session", std::str::from_utf8(&changed).unwrap()), None);
        for nonsense in ["", "AA", "!", "AAAAAAAAAAAAAAAA"] {
            assert_eq!(key.open("session", nonsense), None, "{nonsense}");
        }
        assert!(SealKey::from_text("AA").is_none());
    }
}
