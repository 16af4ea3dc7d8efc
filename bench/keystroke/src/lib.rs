//! One keystroke of a person, as a WebAssembly export that JavaScript can time.

use std::cell::RefCell;
use std::fmt::Write;

use manifest::{Document, Edit, Path, Splice, validate};

const HEAD: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\nspec:\n  backoffLimit: 4 # few\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n        - name: pi\n          image: perl:5.34.0\n          command: [perl, -Mbignum=bpi, -wle, print bpi(2000)]\n";

thread_local! {
    static OPEN: RefCell<(Document, i64)> = RefCell::new((Document::parse(""), 4));
}

/// Opens a Job with so many environment variables, two lines each. Gives the bytes of its text.
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

/// Sets a number in the form, reads it back and checks the document, with the one before still at hand. Gives the
/// number of problems; a failure gives 1000.
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

/// Types a character in the text or takes it back, and checks the document. Gives the number of problems.
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

/// Reads the whole text anew.
#[unsafe(no_mangle)]
pub extern "C" fn read() -> usize {
    OPEN.with_borrow(|(document, _)| Document::parse(document.text()).entries().len())
}
