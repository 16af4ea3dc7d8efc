//! Suggests a known name for a misspelt one.

use strsim::osa_distance;

/// Returns the nearest name, if at most a third of the letters differ.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 3);
    let written = head(written);
    names
        .map(|name| (osa_distance(&written, &head(name)), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Returns the start of a name in lower case: comparison ignores case, and names can have any length.
fn head(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_names_are_recognised() {
        let names = ["parallelism", "completions", "completionMode", "suspend"];
        let near = |text| nearest(text, names.into_iter());
        assert_eq!(near("paralelism"), Some("parallelism"));
        assert_eq!(near("Suspend"), Some("suspend"));
        assert_eq!(near("completoins"), Some("completions"));
        assert_eq!(near("completionmode"), Some("completionMode"));
        assert_eq!(near("image"), None);
        assert_eq!(near(""), None);
    }
}
