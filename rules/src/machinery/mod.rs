//! Parts of apimachinery that the rules are built from.

/// Formats the server's detail of a cause; empty in builds without the feature `details`.
#[cfg(feature = "details")]
macro_rules! detail {
    ($($part:tt)*) => {
        ::std::borrow::Cow::<'static, str>::Owned(format!($($part)*))
    };
}
#[cfg(not(feature = "details"))]
macro_rules! detail {
    ($($part:tt)*) => {{
        let _ = format_args!($($part)*);
        ::std::borrow::Cow::<'static, str>::Borrowed("")
    }};
}
pub(crate) use detail;

pub mod cause;
pub mod expansion;
pub mod go;
pub mod image;
pub mod labels;
pub mod names;
pub mod node;
pub mod path;
pub mod quantity;
pub(crate) mod report;
pub mod rule;
pub mod walk;
