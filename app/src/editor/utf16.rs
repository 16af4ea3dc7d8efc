//! Conversion between byte offsets of a document and UTF-16 offsets of the browser.

/// Converts a byte offset to a UTF-16 offset.
pub fn to_utf16(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    text[..at].encode_utf16().count()
}

/// Converts a UTF-16 offset to a byte offset.
pub fn to_byte(text: &str, utf16: usize) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        if units >= utf16 {
            return at;
        }
        units += c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_round_trip() {
        let text = "a任🎉b\r\n";
        for (byte, _) in text.char_indices() {
            assert_eq!(to_byte(text, to_utf16(text, byte)), byte);
        }
        assert_eq!(to_utf16(text, text.len()), 7);
        assert_eq!(to_byte(text, 99), text.len());
        assert_eq!(to_utf16(text, 2), 1, "inside a character: its start");
    }
}
