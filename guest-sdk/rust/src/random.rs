//! Agreed randomness: draws, and the stream that every SDK and contracts/src/libraries/Randomness.sol make of a seed
//! alike (docs/randomness.md, "The stream").

use crate::calls::{is_looking, keccak256, pure};
use crate::cell::Global;
use crate::error::{Error, Result};
use crate::number::Integer;
use std::collections::BTreeMap;

/// 32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run.
#[track_caller]
pub fn draw() -> Result<[u8; 32]> {
    if is_looking() {
        return Err(Error::new("random.draw works only outside observe(...): draws come after all observations"));
    }
    let bytes = pure("random.draw", &[])?;
    bytes.try_into().map_err(|_| Error::new("a draw has 32 bytes"))
}

/// Choices made of a seed, the same everywhere. One seed serves one purpose: two streams of it are the same.
#[derive(Debug, Clone)]
pub struct Stream {
    block: [u8; 64], // abi.encode(seed, number of the next word)
}

impl Stream {
    /// Of a seed.
    pub fn new(seed: [u8; 32]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&seed);
        Self { block }
    }

    /// The next word: 32 bytes, a big-endian number.
    fn word(&mut self) -> [u8; 32] {
        let word = keccak256(self.block);
        for byte in self.block[32..].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
        word
    }

    /// So many bytes: whole words one after the other, the last one cut.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut made = Vec::with_capacity(count);
        while made.len() < count {
            let word = self.word();
            made.extend_from_slice(&word[..word.len().min(count - made.len())]);
        }
        made
    }

    /// A number in [0, n), each as likely as any other. Panics for none.
    #[track_caller]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below zero");
        loop {
            if let Some(number) = below_of_word(&self.word(), n) {
                return number;
            }
        }
    }

    /// The same of any size up to 256 bits. Panics for others.
    #[track_caller]
    pub fn below_integer(&mut self, n: &Integer) -> Integer {
        assert!(!n.is_negative() && !n.is_zero() && n.bits() <= 256, "there is no number below zero, and none of 257 bits");
        let words = Integer::from_be_bytes(&[&[1u8][..], &[0; 32]].concat());
        let accepted = &words - &words.div_rem(n).1;
        loop {
            let word = Integer::from_be_bytes(&self.word());
            if word < accepted {
                return word.div_rem(n).1;
            }
        }
    }

    /// Puts a list into random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in 0..list.len() {
            list.swap(i, i + self.below((list.len() - i) as u64) as usize);
        }
    }

    /// `count` different numbers in [0, n), in random order, each such sequence as likely as any other.
    #[track_caller]
    pub fn sample_below(&mut self, n: u64, count: usize) -> Vec<u64> {
        assert!(count as u64 <= n, "a sample of {} out of {}", count, n);
        let mut moved = BTreeMap::new(); // places of Fisher and Yates' list that hold another number than their own
        let mut chosen = Vec::with_capacity(count);
        for i in 0..count as u64 {
            let place = i + self.below(n - i);
            chosen.push(moved.get(&place).copied().unwrap_or(place));
            let own = moved.get(&i).copied().unwrap_or(i);
            moved.insert(place, own);
        }
        chosen
    }

    /// `count` different items of a list, in random order.
    #[track_caller]
    pub fn sample<T: Clone>(&mut self, list: &[T], count: usize) -> Vec<T> {
        let chosen = self.sample_below(list.len() as u64, count);
        chosen.into_iter().map(|place| list[place as usize].clone()).collect()
    }
}

/// A word modulo n; none for a word at the top, of which not every remainder has equally many.
fn below_of_word(word: &[u8; 32], n: u64) -> Option<u64> {
    let wide = n as u128;
    let remainder = |chunks: &mut dyn Iterator<Item = u64>| chunks.fold(0, |rest, chunk| (rest << 64 | chunk as u128) % wide);
    let chunk = |bytes: &[u8]| bytes.iter().fold(0, |value, &byte| value << 8 | byte as u64);
    let surplus = remainder(&mut [1, 0, 0, 0, 0].into_iter()); // 2^256 modulo n
    let high = word[..24].iter().all(|&byte| byte == 255);
    if high && (!chunk(&word[24..]) as u128) < surplus {
        return None;
    }
    Some(remainder(&mut word.chunks(8).map(chunk)) as u64)
}

static OWN: Global<Option<Stream>> = Global::new(None);

/// The run's own stream, seeded by its next draw when it is first used.
#[track_caller]
pub fn stream() -> Result<&'static mut Stream> {
    if unsafe { OWN.get() }.is_none() {
        let seed = draw()?;
        unsafe { *OWN.get() = Some(Stream::new(seed)) };
    }
    unsafe { OWN.get() }.as_mut().ok_or_else(|| Error::new("there is no stream"))
}

/// Of the run's own stream.
#[track_caller]
pub fn below(n: u64) -> Result<u64> {
    Ok(stream()?.below(n))
}

/// Of the run's own stream.
#[track_caller]
pub fn bytes(count: usize) -> Result<Vec<u8>> {
    Ok(stream()?.bytes(count))
}

/// Of the run's own stream.
#[track_caller]
pub fn shuffle<T>(list: &mut [T]) -> Result<()> {
    stream()?.shuffle(list);
    Ok(())
}

/// Of the run's own stream.
#[track_caller]
pub fn sample<T: Clone>(list: &[T], count: usize) -> Result<Vec<T>> {
    Ok(stream()?.sample(list, count))
}
