//! The key that stands for a context in addresses.

use std::fmt::Write;

/// The key of the context `name`: the name itself where it is plain; any other byte, such as the colons and slashes
/// of `arn:aws:eks:eu-west-1:1234:cluster/jobs`, becomes `~` and its two hexadecimal digits. Two names never share a
/// key, and a key stays the same whatever else the kubeconfig has, so addresses can be kept.
pub fn of(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for byte in name.bytes() {
        // Browsers resolve `.` and `..`, so a name cannot begin with a dot as it is.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (byte == b'.' && !key.is_empty()) {
            key.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(key, "~{byte:02x}");
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_others_can_stand_in_an_address() {
        assert_eq!(of("kind-jobs_1.example"), "kind-jobs_1.example");
        assert_eq!(of("admin@host:6443"), "admin~40host~3a6443");
        assert_eq!(of("cluster/jobs"), "cluster~2fjobs");
        assert_eq!(of(".."), "~2e.");
        assert_eq!(of("生产"), "~e7~94~9f~e4~ba~a7");
        assert_ne!(of("a~2f"), of("a/"));
    }
}
