//! The parts that pages are made of. One part a file, with its keyboard and ARIA done there, once.

pub mod icon;
