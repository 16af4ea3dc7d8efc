//! The parts of apimachinery that rules are made of.

/// The server's sentence about a cause, made only in builds that show it (feature `details`).
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
pub mod go;
pub mod labels;
pub mod names;
pub mod node;
pub mod path;
pub mod quantity;
pub(crate) mod report;
pub mod rule;
pub mod walk;
