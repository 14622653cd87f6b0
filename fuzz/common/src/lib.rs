//! Random programs and hostile inputs, shared by Woodfrog's tests and fuzz targets.
//!
//! * [`program`]: from bytes or from a seed to a program that does real work: a random
//!   module, which [`tame`] has kept from trapping at once, and calls of its exports.
//! * [`transcript`]: goes through a program in any engine (a [`Subject`]) and writes down
//!   all that can be seen of it, so that two engines can be compared.
//! * [`subject`]: Woodfrog as a subject, frozen at random points if so wished.
//! * [`damage`], [`guest`], [`disk`]: hostile bytes, and the whole way from an image or a
//!   disk to a running store.
//! * [`random`]: the generator of pseudo-random numbers behind all this.
//!
//! What a seed stands for depends on this crate alone: it is the same on every machine.

mod body;
pub mod damage;
pub mod disk;
pub mod expected;
mod features;
pub mod guest;
pub mod host;
mod kinds;
pub mod program;
pub mod random;
mod shape;
pub mod subject;
mod tame;
pub mod transcript;

pub use features::{FEATURES, Features};
pub use program::{Call, Program};
pub use random::Random;
pub use subject::Woodfrog;
pub use transcript::{Subject, Transcript};
