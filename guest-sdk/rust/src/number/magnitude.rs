//! Natural numbers of any size: 32-bit limbs, the least significant first, none of the last ones zero.

use core::cmp::Ordering;

pub fn trim(limbs: &mut Vec<u32>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

pub fn from_u128(mut value: u128) -> Vec<u32> {
    let mut limbs = Vec::new();
    while value > 0 {
        limbs.push(value as u32);
        value >>= 32;
    }
    limbs
}

pub fn to_u128(limbs: &[u32]) -> Option<u128> {
    if limbs.len() > 4 {
        return None;
    }
    Some(limbs.iter().rev().fold(0, |value, &limb| value << 32 | limb as u128))
}

pub fn compare(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

pub fn add(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut sum = Vec::with_capacity(long.len() + 1);
    let mut carry = 0;
    for (i, &limb) in long.iter().enumerate() {
        carry += limb as u64 + short.get(i).copied().unwrap_or(0) as u64;
        sum.push(carry as u32);
        carry >>= 32;
    }
    sum.push(carry as u32);
    trim(&mut sum);
    sum
}

/// a - b, where a is not the smaller one.
pub fn subtract(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut rest = a.to_vec();
    let mut borrow = 0;
    for (i, limb) in rest.iter_mut().enumerate() {
        let left = *limb as i64 - b.get(i).copied().unwrap_or(0) as i64 - borrow;
        *limb = left as u32;
        borrow = (left < 0) as i64;
    }
    trim(&mut rest);
    rest
}

pub fn multiply(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut product = vec![0u32; a.len() + b.len()];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0;
        for (limb, &y) in product[i..].iter_mut().zip(b) {
            carry += *limb as u64 + x as u64 * y as u64;
            *limb = carry as u32;
            carry >>= 32;
        }
        product[i + b.len()] = carry as u32;
    }
    trim(&mut product);
    product
}

/// limbs = limbs * factor + term
pub fn multiply_add(limbs: &mut Vec<u32>, factor: u32, term: u32) {
    let mut carry = term as u64;
    for limb in limbs.iter_mut() {
        carry += *limb as u64 * factor as u64;
        *limb = carry as u32;
        carry >>= 32;
    }
    if carry > 0 {
        limbs.push(carry as u32);
    }
}

/// limbs = limbs / divisor; the remainder.
pub fn divide_small(limbs: &mut Vec<u32>, divisor: u32) -> u32 {
    let mut rest = 0;
    for limb in limbs.iter_mut().rev() {
        let value = rest << 32 | *limb as u64;
        *limb = (value / divisor as u64) as u32;
        rest = value % divisor as u64;
    }
    trim(limbs);
    rest as u32
}

/// Quotient and remainder; the divisor is not zero. Knuth, The Art of Computer Programming 4.3.1, algorithm D.
pub fn divide(a: &[u32], b: &[u32]) -> (Vec<u32>, Vec<u32>) {
    if compare(a, b) == Ordering::Less {
        return (Vec::new(), a.to_vec());
    }
    if let [divisor] = *b {
        let mut quotient = a.to_vec();
        let rest = divide_small(&mut quotient, divisor);
        return (quotient, from_u128(rest as u128));
    }
    let shift = b[b.len() - 1].leading_zeros();
    let (mut rest, divisor) = (shifted_left(a, shift), shifted_left(b, shift)); // the divisor's top bit is set
    let n = b.len();
    let mut quotient = vec![0; a.len() - n + 1];
    for j in (0..quotient.len()).rev() {
        let top = (rest[j + n] as u64) << 32 | rest[j + n - 1] as u64;
        let (mut digit, mut left) = (top / divisor[n - 1] as u64, top % divisor[n - 1] as u64);
        while digit >> 32 > 0 || digit * divisor[n - 2] as u64 > (left << 32 | rest[j + n - 2] as u64) {
            digit -= 1;
            left += divisor[n - 1] as u64;
            if left >> 32 > 0 {
                break;
            }
        }
        if subtract_product(&mut rest[j..=j + n], &divisor[..n], digit as u32) {
            digit -= 1;
            add_back(&mut rest[j..=j + n], &divisor[..n]);
        }
        quotient[j] = digit as u32;
    }
    trim(&mut quotient);
    (quotient, shifted_right(&rest[..n], shift))
}

/// rest -= factor * digit; whether that went below zero.
fn subtract_product(rest: &mut [u32], factor: &[u32], digit: u32) -> bool {
    let (mut carry, mut borrow) = (0u64, 0i64);
    for (i, limb) in rest.iter_mut().enumerate() {
        carry += factor.get(i).copied().unwrap_or(0) as u64 * digit as u64;
        let left = *limb as i64 - (carry as u32) as i64 - borrow;
        *limb = left as u32;
        borrow = (left < 0) as i64;
        carry >>= 32;
    }
    borrow > 0
}

fn add_back(rest: &mut [u32], term: &[u32]) {
    let mut carry = 0u64;
    for (i, limb) in rest.iter_mut().enumerate() {
        carry += *limb as u64 + term.get(i).copied().unwrap_or(0) as u64;
        *limb = carry as u32;
        carry >>= 32;
    }
}

/// With one limb more, by less than 32 bits.
fn shifted_left(limbs: &[u32], shift: u32) -> Vec<u32> {
    let mut carry = 0u64;
    let mut shifted: Vec<u32> = Vec::with_capacity(limbs.len() + 1);
    for &limb in limbs {
        carry |= (limb as u64) << shift;
        shifted.push(carry as u32);
        carry >>= 32;
    }
    shifted.push(carry as u32);
    shifted
}

fn shifted_right(limbs: &[u32], shift: u32) -> Vec<u32> {
    let above = |i: usize| limbs.get(i + 1).copied().unwrap_or(0) as u64;
    let shifted = limbs.iter().enumerate().map(|(i, &limb)| ((above(i) << 32 | limb as u64) >> shift) as u32);
    let mut shifted: Vec<u32> = shifted.collect();
    trim(&mut shifted);
    shifted
}
