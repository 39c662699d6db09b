// Agreed randomness: draws, and the stream that every SDK makes of a seed alike (docs/randomness.md, "The stream").
import { call, keccak256 } from "./calls";
import { isLooking } from "./run";

const WORD = 32;

export class Stream {
  private block: Uint8Array = new Uint8Array(2 * WORD); // abi.encode(seed, number of the next word)

  constructor(seed: Uint8Array) {
    if (seed.length != WORD) throw new Error("a stream's seed has 32 bytes");
    this.block.set(seed);
  }

  private word(): Uint8Array {
    const word = keccak256(this.block);
    for (let at = 2 * WORD - 1; at >= WORD; at--) {
      this.block[at]++;
      if (this.block[at]) break;
    }
    return word;
  }

  /** So many bytes: whole words one after the other, the last one cut. */
  bytes(count: i32): Uint8Array {
    const made = new Uint8Array(count);
    for (let at = 0; at < count; at += WORD) made.set(this.word().subarray(0, min(WORD, count - at)), at);
    return made;
  }

  /** A number in [0, n), each as likely as any other. */
  below(n: u32): u32 {
    if (n == 0) throw new Error("there is no number below zero");
    let surplus: u64 = 1; // 2^256 modulo n
    for (let i = 0; i < 8; i++) surplus = (surplus << 32) % n;
    while (true) {
      const word = this.word();
      let rest: u64 = 0;
      let last: u64 = 0;
      let high = true; // whether all but the last eight bytes are 255
      for (let i = 0; i < WORD; i++) {
        rest = ((rest << 8) | word[i]) % n;
        if (i < 24) high = high && word[i] == 255;
        else last = (last << 8) | word[i];
      }
      if (!(high && ~last < surplus)) return <u32>rest;
    }
  }

  /** The same for any n of 64 bits; the same number where n fits 32. */
  below64(n: u64): u64 {
    if (n == 0) throw new Error("there is no number below zero");
    let surplus: u64 = 1 % n; // 2^256 modulo n
    for (let i = 0; i < 8 * WORD; i++) surplus = doubled(surplus, n, 0);
    while (true) {
      const word = this.word();
      let rest: u64 = 0;
      let last: u64 = 0;
      let high = true;
      for (let i = 0; i < WORD; i++) {
        for (let bit = 7; bit >= 0; bit--) rest = doubled(rest, n, (word[i] >> <u8>bit) & 1);
        if (i < 24) high = high && word[i] == 255;
        else last = (last << 8) | word[i];
      }
      if (!(high && ~last < surplus)) return rest;
    }
  }

  /** Puts a list into random order. */
  shuffle<T>(list: T[]): void {
    for (let i = 0; i < list.length; i++) {
      const place = i + <i32>this.below(<u32>(list.length - i));
      const item = list[i];
      list[i] = list[place];
      list[place] = item;
    }
  }

  /** `count` different numbers below n, in random order; all of them are a shuffle. */
  sample(n: u32, count: u32): u32[] {
    if (count > n) throw new Error("a sample larger than what it is of");
    const items: u32[] = [];
    for (let i: u32 = 0; i < n; i++) items.push(i);
    for (let i: u32 = 0; i < count; i++) {
      const place = i + this.below(n - i);
      const item = items[i];
      items[i] = items[place];
      items[place] = item;
    }
    return items.slice(0, count);
  }
}

/** Twice a number and a bit, modulo n. */
function doubled(rest: u64, n: u64, bit: u64): u64 {
  const twice = (rest << 1) | bit;
  return rest >> 63 || twice >= n ? twice - n : twice;
}

/** 32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run. */
export function draw(): Uint8Array {
  if (isLooking()) throw new Error("random.draw works only outside observe: draws come after all observations");
  return call("random.draw", new Uint8Array(0)).bytes;
}
