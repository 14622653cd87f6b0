//! Hostile inputs made of good ones: [`bytes`] knows nothing of what it damages,
//! [`image`] makes images that only their validation can tell from true ones.

pub mod bytes;
pub mod image;
