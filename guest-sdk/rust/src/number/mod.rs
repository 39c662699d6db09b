//! Exact numbers: integers of any size, and decimals.

mod decimal;
mod integer;
mod magnitude;
mod parse;

pub(crate) use decimal::parts_of;
pub use decimal::{Decimal, Rounding};
pub use integer::Integer;
