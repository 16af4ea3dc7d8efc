//! Which known name a misspelt one was meant to be.

/// The nearest of some names, if it is near: at most a third of the letters differ.
pub(super) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (written.chars().count() / 3).clamp(1, 3);
    names
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Letters to insert, remove, replace or swap with their neighbour, whatever their case.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().flat_map(char::to_lowercase).take(64).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).take(64).collect();
    let (mut before, mut above) = (vec![0; b.len() + 1], (0..=b.len()).collect::<Vec<_>>());
    for (row, c) in a.iter().enumerate() {
        let mut next = vec![row + 1; b.len() + 1];
        for (column, d) in b.iter().enumerate() {
            let mut least = (above[column] + usize::from(c != d))
                .min(above[column + 1] + 1)
                .min(next[column] + 1);
            let swapped = row > 0 && column > 0 && a[row - 1] == *d && b[column - 1] == *c;
            if swapped {
                least = least.min(before[column - 1] + 1);
            }
            next[column + 1] = least;
        }
        (before, above) = (above, next);
    }
    above[b.len()]
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
