//! Functions for the executor, in Rust: README.md has ten lines that work, docs/abi.md says what is underneath.
//!
//! Only `observe` reaches the world. Its closure runs on each node by itself; the committee agrees on one value, and
//! `observe` gives that. Everything else runs the same everywhere.

#![warn(missing_docs)]

mod agreeing;
mod bytes;
mod calls;
mod canonical;
mod cell;
mod context;
mod error;
mod fields;
mod imports;
mod json;
mod json_parser;
mod memory;
mod number;
mod observable;
mod observe;
mod strategy;

pub mod abi;
#[doc(hidden)]
pub mod entry;
pub mod evm;
pub mod hex;
pub mod http;
pub mod log;
pub mod random;
pub mod secrets;
pub mod time;

pub use agreeing::{at, only, project, stable};
pub use bytes::Bytes;
pub use calls::keccak256;
pub use context::{context, Context};
pub use entry::{Input, Output};
pub use error::{fail, Error, Result};
pub use fields::{Agreed, Fields};
pub use json::Json;
pub use number::{Decimal, Integer, Rounding};
pub use observable::{Observable, Observed};
pub use observe::{last_observation, observe, Ended};
pub use secrets::private_input;
pub use strategy::{
    CommonPrefix, CommonSuffix, Frequency, Identical, Intersection, Max, Median, Min, Mode, Options, Part, Single,
    Strategy, TrimmedMean, Union,
};
