//! Digits to limbs and back, nine digits at a time.

use super::magnitude;

const CHUNK: u32 = 9;
const BASE: u32 = 1_000_000_000; // 10^9, the largest power of ten in a limb

/// The number of some decimal digits.
pub fn digits(digits: impl Iterator<Item = u8>) -> Vec<u32> {
    let mut limbs = Vec::new();
    let (mut chunk, mut factor) = (0, 1);
    for digit in digits {
        chunk = chunk * 10 + (digit - b'0') as u32;
        factor *= 10;
        if factor == BASE {
            magnitude::multiply_add(&mut limbs, factor, chunk);
            chunk = 0;
            factor = 1;
        }
    }
    magnitude::multiply_add(&mut limbs, factor, chunk);
    magnitude::trim(&mut limbs);
    limbs
}

/// Its decimal digits, "0" for none.
pub fn text(limbs: &[u32]) -> String {
    let mut rest = limbs.to_vec();
    let mut reversed = Vec::new();
    while !rest.is_empty() {
        let mut chunk = magnitude::divide_small(&mut rest, BASE);
        for _ in 0..CHUNK {
            reversed.push(b'0' + (chunk % 10) as u8);
            chunk /= 10;
        }
    }
    while reversed.last() == Some(&b'0') {
        reversed.pop();
    }
    if reversed.is_empty() {
        return "0".to_owned();
    }
    reversed.iter().rev().map(|&digit| digit as char).collect()
}

pub fn power_of_ten(exponent: u32) -> Vec<u32> {
    let mut limbs = vec![1];
    for _ in 0..exponent / CHUNK {
        magnitude::multiply_add(&mut limbs, BASE, 0);
    }
    magnitude::multiply_add(&mut limbs, 10u32.pow(exponent % CHUNK), 0);
    limbs
}
