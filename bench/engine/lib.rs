//! Nothing: the crate consists of its benchmark.
