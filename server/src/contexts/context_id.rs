//! The identifier of a context in addresses.

use std::fmt::Write;

/// Encodes the context `name` for use in addresses. ASCII letters, digits, `-`, `_` and dots stay; any other byte,
/// such as the colons and slashes of `arn:aws:eks:eu-west-1:1234:cluster/jobs`, becomes `~` and its two hexadecimal
/// digits. The encoding is injective and independent of the rest of the kubeconfig, so addresses can be bookmarked.
pub fn of(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for byte in name.bytes() {
        // Browsers resolve `.` and `..`, so a leading dot is encoded.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && !key.is_empty()) {
            key.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(key, "~{byte:02x}");
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_ids_are_url_safe_and_injective() {
        assert_eq!(of("kind-jobs_1.example"), "kind-jobs_1.example");
        assert_eq!(of("admin@host:6443"), "admin~40host~3a6443");
        assert_eq!(of("cluster/jobs"), "cluster~2fjobs");
        assert_eq!(of(".."), "~2e.");
        assert_eq!(of("生产"), "~e7~94~9f~e4~ba~a7");
        assert_ne!(of("a~2f"), of("a/"));
    }
}
