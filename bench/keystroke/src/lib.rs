//! The work of one keystroke, exported to JavaScript for measurements in WebAssembly.

use std::cell::RefCell;
use std::fmt::Write;

use manifest::{Document, Edit, Path, Splice, validate};

const HEAD: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\nspec:\n  backoffLimit: 4 # few\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: pi\n          image: perl:5.34.0\n          command: [perl, -Mbignum=bpi, -wle, print bpi(2000)]\n";

thread_local! {
    static OPEN: RefCell<(Document, i64)> = RefCell::new((Document::parse(""), 4));
}

/// Opens a Job with this number of environment variables, two lines each. Returns the size of its text in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn open(variables: usize) -> usize {
    let mut text = HEAD.to_owned();
    if variables > 0 {
        text.push_str("          env:\n");
    }
    for index in 0..variables {
        let _ = write!(
            text,
            "            - name: V{index} # c\n              value: \"{index}\"\n"
        );
    }
    OPEN.with_borrow_mut(|open| {
        open.0 = Document::parse(text);
        open.0.text().len()
    })
}

/// Sets a number in the form, reads it back and validates the document, while the previous one is kept. Returns
/// the number of problems, or 1000 on failure.
#[unsafe(no_mangle)]
pub extern "C" fn form() -> usize {
    OPEN.with_borrow_mut(|(document, value)| {
        let before = document.clone();
        *value = (*value + 1) % 10;
        let path = Path::of(["spec", "backoffLimit"]);
        let edit = Edit::Set {
            path: path.clone(),
            value: (*value).into(),
        };
        let done = document.apply(0, &edit).is_ok_and(|splices| splices.len() == 1);
        let shown = document
            .get(0, &path)
            .is_some_and(|shown| shown.as_i64() == Some(*value));
        drop(before);
        if done && shown {
            validate(document).len()
        } else {
            1000
        }
    })
}

/// Types a character in the text or removes it, and validates the document. Returns the number of problems.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> usize {
    OPEN.with_borrow_mut(|(document, value)| {
        *value += 1;
        let at = HEAD.find("pi\n").unwrap_or_default();
        let splice = if document.text()[at..].starts_with('x') {
            Splice::new(at..at + 1, "")
        } else {
            Splice::insert(at, "x")
        };
        document.splice(&[splice]);
        validate(document).len()
    })
}

/// Parses the whole text.
#[unsafe(no_mangle)]
pub extern "C" fn read() -> usize {
    OPEN.with_borrow(|(document, _)| Document::parse(document.text()).entries().len())
}
