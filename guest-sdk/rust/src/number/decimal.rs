//! Exact decimals: what agreed numbers are. A value is units / 10^scale; nothing here rounds unless asked to.

use super::{parse, Integer};
use crate::error::{cut, Error, Result};
use core::cmp::Ordering;
use core::fmt;
use core::ops::{Add, Mul, Neg, Sub};

const MAX_SCALE: u32 = 1_100; // a double's fraction has up to 1,074 digits

/// An exact decimal. Sums, differences and products are exact; 1.0 equals 1.
#[derive(Debug, Clone, Default)]
pub struct Decimal {
    units: Integer,
    scale: u32,
}

/// What becomes of digits that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Cut off, towards zero.
    Trunc,
    /// Downwards.
    Floor,
    /// Upwards.
    Ceil,
    /// To the nearest, halves away from zero.
    HalfUp,
    /// To the nearest, halves to the even neighbour.
    HalfEven,
    /// There are none: else an error.
    Exact,
}

impl Decimal {
    /// units / 10^scale; panics beyond a scale of 1,100.
    #[track_caller]
    pub fn new(units: impl Into<Integer>, scale: u32) -> Self {
        assert!(scale <= MAX_SCALE, "scale must be 0 to {}", MAX_SCALE);
        Self { units: units.into(), scale }
    }

    /// A decimal of the protocol, -?(0|[1-9][0-9]*)(\.[0-9]+)?, such as "-12.50".
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        match parts_of(text) {
            Some((whole, fraction)) if fraction.len() <= MAX_SCALE as usize => Ok(Self::of_parts(text, whole, fraction)),
            _ => Err(Error::new(["not a decimal: \"", cut(text, 80), "\""].concat())),
        }
    }

    /// A JSON number: with an exponent, perhaps; 1.50 is 1.5, so that one number has one text.
    #[track_caller]
    pub(crate) fn from_json_number(text: &str) -> Result<Self> {
        let refused = || Error::new(["not a decimal: ", cut(text, 80)].concat());
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| refused())?;
        let (whole, fraction) = parts_of(mantissa).ok_or_else(refused)?;
        let mut value = Self::of_parts(text, whole, fraction);
        let scale = fraction.len() as i32 - exponent.clamp(-9_999, 9_999);
        if scale > 9_999 || scale < -(MAX_SCALE as i32) {
            return Err(refused());
        }
        if scale < 0 {
            return Ok(Self { units: &value.units * &Integer::power_of_ten(-scale as u32), scale: 0 });
        }
        value.scale = scale as u32;
        value = value.without_trailing_zeros();
        if value.scale > MAX_SCALE {
            return Err(refused());
        }
        Ok(value)
    }

    fn of_parts(text: &str, whole: &str, fraction: &str) -> Self {
        let limbs = parse::digits(whole.bytes().chain(fraction.bytes()));
        Self { units: Integer::of(text.starts_with('-'), limbs), scale: fraction.len() as u32 }
    }

    fn without_trailing_zeros(mut self) -> Self {
        let mut limbs = self.units.limbs().to_vec();
        while self.scale > 0 {
            let mut tenth = limbs.clone();
            if super::magnitude::divide_small(&mut tenth, 10) != 0 {
                break;
            }
            limbs = tenth;
            self.scale -= 1;
        }
        Self { units: Integer::of(self.units.is_negative(), limbs), scale: self.scale }
    }

    /// The value times 10^scale.
    pub fn units(&self) -> &Integer {
        &self.units
    }

    /// How many digits stand after the point.
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// Times 10^places, further digits cut off: what contracts want.
    #[track_caller]
    pub fn scaled(&self, places: u32) -> Integer {
        assert!(places <= MAX_SCALE, "places must be 0 to {}", MAX_SCALE);
        self.split(places).0
    }

    /// Times 10^places, rounded as said.
    #[track_caller]
    pub fn scaled_with(&self, places: u32, rounding: Rounding) -> Result<Integer> {
        assert!(places <= MAX_SCALE, "places must be 0 to {}", MAX_SCALE);
        let (quotient, rest, divisor) = self.split(places);
        if rest.is_zero() {
            return Ok(quotient);
        }
        if rounding == Rounding::Exact {
            return Err(Error::new("scaled: digits would be lost"));
        }
        let odd = quotient.limbs().first().map_or(false, |limb| limb % 2 == 1);
        let more = correction(rounding, &rest, &divisor, odd);
        Ok(quotient + Integer::from(more))
    }

    /// With so many digits after the point, half to even.
    #[track_caller]
    pub fn rounded(&self, places: u32) -> Self {
        self.rounded_with(places, Rounding::HalfEven).unwrap_or_default()
    }

    /// With so many digits after the point, rounded as said.
    #[track_caller]
    pub fn rounded_with(&self, places: u32, rounding: Rounding) -> Result<Self> {
        Ok(Self { units: self.scaled_with(places, rounding)?, scale: places })
    }

    /// A whole number; an error if there is a fraction.
    #[track_caller]
    pub fn to_integer(&self) -> Result<Integer> {
        self.scaled_with(0, Rounding::Exact)
    }

    /// The nearest double: for display and thresholds, not for money.
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The value times 10^places cut off, what is lost, and what that is a part of.
    fn split(&self, places: u32) -> (Integer, Integer, Integer) {
        if places >= self.scale {
            return (self.units_at(places), Integer::default(), Integer::from(1u8));
        }
        let divisor = Integer::power_of_ten(self.scale - places);
        let (quotient, rest) = self.units.div_rem(&divisor);
        (quotient, rest, divisor)
    }

    /// The value times 10^scale, for a scale that is not smaller.
    fn units_at(&self, scale: u32) -> Integer {
        if scale == self.scale {
            return self.units.clone();
        }
        &self.units * &Integer::power_of_ten(scale - self.scale)
    }

    /// Both with the larger scale.
    fn aligned(&self, other: &Decimal) -> (Integer, Integer, u32) {
        let scale = self.scale.max(other.scale);
        (self.units_at(scale), other.units_at(scale), scale)
    }
}

/// What to add to a quotient that was cut off towards zero.
fn correction(rounding: Rounding, rest: &Integer, divisor: &Integer, odd: bool) -> i32 {
    let sign = if rest.is_negative() { -1 } else { 1 };
    let half = (rest.abs() + rest.abs()).cmp(divisor);
    let away = match rounding {
        Rounding::Trunc | Rounding::Exact => false,
        Rounding::Floor => sign < 0,
        Rounding::Ceil => sign > 0,
        Rounding::HalfUp => half != Ordering::Less,
        Rounding::HalfEven => half == Ordering::Greater || (half == Ordering::Equal && odd),
    };
    if away {
        sign
    } else {
        0
    }
}

/// Whole and fraction of a decimal of the protocol.
pub(crate) fn parts_of(text: &str) -> Option<(&str, &str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let dangling = fraction.is_empty() && whole.len() < digits.len();
    let padded = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || dangling || padded || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    Some((whole, fraction))
}

/// Plain notation, trailing zeros kept.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut digits = parse::text(self.units.limbs());
        let scale = self.scale as usize;
        if digits.len() <= scale {
            digits = ["0".repeat(scale + 1 - digits.len()).as_str(), &digits].concat();
        }
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.units.is_negative() { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        out.write_str(&[sign, whole, point, fraction].concat())
    }
}

impl core::str::FromStr for Decimal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl<T: Into<Integer>> From<T> for Decimal {
    fn from(value: T) -> Self {
        Self { units: value.into(), scale: 0 }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale == other.scale {
            return self.units.cmp(&other.units);
        }
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Add for &Decimal {
    type Output = Decimal;

    fn add(self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        Decimal { units: a + b, scale }
    }
}

impl Sub for &Decimal {
    type Output = Decimal;

    fn sub(self, other: &Decimal) -> Decimal {
        let (a, b, scale) = self.aligned(other);
        Decimal { units: a - b, scale }
    }
}

impl Mul for &Decimal {
    type Output = Decimal;

    #[track_caller]
    fn mul(self, other: &Decimal) -> Decimal {
        Decimal::new(&self.units * &other.units, self.scale + other.scale)
    }
}

impl Neg for &Decimal {
    type Output = Decimal;

    fn neg(self) -> Decimal {
        Decimal { units: -&self.units, scale: self.scale }
    }
}

super::integer::of_values!(Decimal);
