//! Extracts the lines above a cursor that are its parents and siblings by indentation: the usable part of a broken
//! text.

/// Returns a small YAML text of those lines and the cursor's own (`line`). Values are left out, except those that
/// determine the document's kind.
pub(super) fn of(text: &str, line_start: usize, line: &str) -> String {
    let mut lines = vec![line.to_owned()];
    let mut limit = indent(line);
    let mut in_item = line.trim_start().starts_with('-');
    for above in text[..line_start].lines().rev() {
        let trimmed = above.trim_start();
        if trimmed.starts_with("---") || trimmed.starts_with("...") {
            break;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let column = indent(above);
        if above.len() - trimmed.len() != column {
            // Tabs are not indentation.
            continue;
        }
        let is_item = trimmed.starts_with("- ");
        let inner = above.len() - above.trim_start_matches([' ', '-']).len();
        // The item that contains the line starts here.
        let opens_item = is_item && column < limit && inner <= limit;
        let is_parent = !is_item && (column < limit || column == limit && in_item);
        let is_sibling = !is_item && column == limit && !in_item;
        let Some(key) = key(trimmed).filter(|_| opens_item || is_parent || is_sibling) else {
            continue;
        };
        let names_kind = column == 0 && matches!(key, "apiVersion" | "kind");
        let value = trimmed.get(key.len()..).filter(|_| names_kind).unwrap_or(":");
        lines.push(format!("{}{key}{value}", &above[..above.len() - trimmed.len()]));
        if opens_item || is_parent {
            limit = column;
            in_item = opens_item;
        }
    }
    lines.reverse();
    lines.join("\n")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns the key of a line, including the dashes before it, without its colon.
fn key(trimmed: &str) -> Option<&str> {
    let end = trimmed
        .find(": ")
        .or_else(|| trimmed.trim_end().strip_suffix(':').map(str::len))?;
    let key = &trimmed[..end];
    let word = key.trim_start_matches(['-', ' ']);
    (!word.is_empty() && !word.contains(['{', '[', '#', ' '])).then_some(key)
}
