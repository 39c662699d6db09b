//! Solidity's ABI, both ways: uintN, intN, address, bool, bytes, bytesN, string, T[], T[k], (T1,T2).

mod decode;
mod encode;
mod types;
mod value;

pub use decode::decode;
pub use encode::encode;
pub(crate) use encode::encode_of;
pub(crate) use types::{split_top_level, Type};
pub use value::Value;
