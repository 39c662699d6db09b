//! Whole numbers of any size, exact: what contracts call uint256, and what decimals are made of.

use super::magnitude;
use super::parse;
use crate::error::{Error, Result};
use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, Mul, Neg, Sub};

/// An integer. Arithmetic never overflows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Integer {
    negative: bool, // never of zero
    limbs: Vec<u32>,
}

impl Integer {
    pub(crate) fn of(negative: bool, limbs: Vec<u32>) -> Self {
        Self { negative: negative && !limbs.is_empty(), limbs }
    }

    /// Of decimal digits with an optional minus sign before them.
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::new(["not an integer: ", crate::error::cut(text, 80)].concat()));
        }
        Ok(Self::of(text.len() > digits.len(), parse::digits(digits.bytes())))
    }

    /// 10^exponent
    pub fn power_of_ten(exponent: u32) -> Self {
        Self::of(false, parse::power_of_ten(exponent))
    }

    /// Of a big-endian number without sign, as Solidity has it.
    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        let limb = |chunk: &[u8]| chunk.iter().fold(0, |limb, &byte| limb << 8 | byte as u32);
        let mut limbs: Vec<u32> = bytes.rchunks(4).map(limb).collect();
        magnitude::trim(&mut limbs);
        Self::of(false, limbs)
    }

    /// The 32 bytes of Solidity's uint256, or int256 where it is negative; none if it does not fit.
    pub fn to_word(&self) -> Option<[u8; 32]> {
        let mut word = [0; 32];
        if self.limbs.len() > 8 || (self.negative && *self < Self::of(true, vec![0, 0, 0, 0, 0, 0, 0, 1 << 31])) {
            return None;
        }
        for (chunk, limb) in word.rchunks_mut(4).zip(&self.limbs) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        if self.negative {
            let mut carry = true; // two's complement: every bit the other, plus one
            for byte in word.iter_mut().rev() {
                let (sum, over) = (!*byte).overflowing_add(carry as u8);
                *byte = sum;
                carry = over;
            }
        }
        Some(word)
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.limbs.is_empty()
    }

    /// How many bits its magnitude has.
    pub fn bits(&self) -> u32 {
        self.limbs.last().map_or(0, |top| 32 * self.limbs.len() as u32 - top.leading_zeros())
    }

    /// Without its sign.
    pub fn abs(&self) -> Self {
        Self::of(false, self.limbs.clone())
    }

    /// Quotient, cut off towards zero, and remainder, of the sign of this number. Panics where the divisor is zero.
    #[track_caller]
    pub fn div_rem(&self, divisor: &Integer) -> (Self, Self) {
        assert!(!divisor.is_zero(), "division by zero");
        let (quotient, rest) = magnitude::divide(&self.limbs, &divisor.limbs);
        (Self::of(self.negative != divisor.negative, quotient), Self::of(self.negative, rest))
    }

    /// The number, if it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.to_u128()?.try_into().ok()
    }

    /// The number, if it fits.
    pub fn to_u128(&self) -> Option<u128> {
        if self.negative {
            return None;
        }
        magnitude::to_u128(&self.limbs)
    }

    /// The number, if it fits.
    pub fn to_i128(&self) -> Option<i128> {
        let size = magnitude::to_u128(&self.limbs)?;
        if self.negative && size <= 1 << 127 {
            return Some((size as i128).wrapping_neg());
        }
        size.try_into().ok().filter(|_| !self.negative)
    }

    pub(crate) fn limbs(&self) -> &[u32] {
        &self.limbs
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        out.write_str(&[sign, &parse::text(&self.limbs)].concat())
    }
}

impl core::str::FromStr for Integer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

macro_rules! from_primitive {
    ($($unsigned:ty, $signed:ty;)*) => {$(
        impl From<$unsigned> for Integer {
            fn from(value: $unsigned) -> Self {
                Self::of(false, magnitude::from_u128(value as u128))
            }
        }

        impl From<$signed> for Integer {
            fn from(value: $signed) -> Self {
                Self::of(value < 0, magnitude::from_u128(value.unsigned_abs() as u128))
            }
        }
    )*};
}
from_primitive! { u8, i8; u16, i16; u32, i32; u64, i64; u128, i128; usize, isize; }

impl From<&Integer> for Integer {
    fn from(value: &Integer) -> Self {
        value.clone()
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => magnitude::compare(&self.limbs, &other.limbs),
            (true, true) => magnitude::compare(&other.limbs, &self.limbs),
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for &Integer {
    type Output = Integer;

    fn add(self, other: &Integer) -> Integer {
        if self.negative == other.negative {
            return Integer::of(self.negative, magnitude::add(&self.limbs, &other.limbs));
        }
        if magnitude::compare(&self.limbs, &other.limbs) == Ordering::Less {
            return Integer::of(other.negative, magnitude::subtract(&other.limbs, &self.limbs));
        }
        Integer::of(self.negative, magnitude::subtract(&self.limbs, &other.limbs))
    }
}

impl Neg for &Integer {
    type Output = Integer;

    fn neg(self) -> Integer {
        Integer::of(!self.negative, self.limbs.clone())
    }
}

impl Sub for &Integer {
    type Output = Integer;

    fn sub(self, other: &Integer) -> Integer {
        self + &-other
    }
}

impl Mul for &Integer {
    type Output = Integer;

    fn mul(self, other: &Integer) -> Integer {
        Integer::of(self.negative != other.negative, magnitude::multiply(&self.limbs, &other.limbs))
    }
}

/// `a + b` where `&a + &b` is defined.
macro_rules! of_values {
    ($type:ty) => {
        impl core::ops::Add for $type {
            type Output = $type;

            fn add(self, other: $type) -> $type {
                &self + &other
            }
        }

        impl core::ops::Sub for $type {
            type Output = $type;

            fn sub(self, other: $type) -> $type {
                &self - &other
            }
        }

        impl core::ops::Mul for $type {
            type Output = $type;

            fn mul(self, other: $type) -> $type {
                &self * &other
            }
        }

        impl core::ops::Neg for $type {
            type Output = $type;

            fn neg(self) -> $type {
                -&self
            }
        }
    };
}
of_values!(Integer);
pub(super) use of_values;
