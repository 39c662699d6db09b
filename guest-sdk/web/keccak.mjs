/**
 * Keccak-256 as Ethereum uses it (the padding of before FIPS 202), for hosts without one.
 *
 * A lane of 64 bits is two words of 32, low word first: lane i is words 2i and 2i + 1.
 */

const RATE = 136;
const ROTATIONS = [0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14];

/** Where lane x + 5y goes (steps rho and pi). */
const PLACES = Array.from({ length: 25 }, (_, i) => Math.floor(i / 5) + 5 * ((2 * (i % 5) + 3 * Math.floor(i / 5)) % 5));

/** The 24 round constants as words, from the LFSR of the specification (Keccak reference 3.0, section 1.2). */
const CONSTANTS = (() => {
  const words = new Uint32Array(48);
  let state = 1;
  for (let round = 0; round < 24; round++) {
    for (let j = 0; j < 7; j++) {
      const bit = 2 ** j - 1;
      if (state & 1) words[2 * round + (bit >> 5)] ^= 1 << (bit & 31);
      state = state & 0x80 ? ((state << 1) ^ 0x171) & 0xff : state << 1;
    }
  }
  return words;
})();

function permute(lanes, columns, moved) {
  for (let round = 0; round < 24; round++) {
    for (let x = 0; x < 10; x++) {
      columns[x] = lanes[x] ^ lanes[x + 10] ^ lanes[x + 20] ^ lanes[x + 30] ^ lanes[x + 40];
    }
    for (let i = 0; i < 25; i++) {
      const [left, right] = [2 * ((i + 4) % 5), 2 * ((i + 1) % 5)];
      // The column to the right is rotated by one.
      const low = lanes[2 * i] ^ columns[left] ^ ((columns[right] << 1) | (columns[right + 1] >>> 31));
      const high = lanes[2 * i + 1] ^ columns[left + 1] ^ ((columns[right + 1] << 1) | (columns[right] >>> 31));
      const count = ROTATIONS[i] & 31;
      const [first, second] = ROTATIONS[i] > 31 ? [high, low] : [low, high];
      const place = 2 * PLACES[i];
      moved[place] = count === 0 ? first : (first << count) | (second >>> (32 - count));
      moved[place + 1] = count === 0 ? second : (second << count) | (first >>> (32 - count));
    }
    for (let row = 0; row < 50; row += 10) {
      for (let x = 0; x < 10; x++) {
        lanes[row + x] = moved[row + x] ^ (~moved[row + ((x + 2) % 10)] & moved[row + ((x + 4) % 10)]);
      }
    }
    lanes[0] ^= CONSTANTS[2 * round];
    lanes[1] ^= CONSTANTS[2 * round + 1];
  }
}

/** The 32 bytes of the digest. */
export function keccak256(data) {
  const padded = new Uint8Array(Math.floor(data.length / RATE + 1) * RATE);
  padded.set(data);
  padded[data.length] |= 0x01;
  padded[padded.length - 1] |= 0x80;
  const view = new DataView(padded.buffer);
  const [lanes, columns, moved] = [new Int32Array(50), new Int32Array(10), new Int32Array(50)];
  for (let block = 0; block < padded.length; block += RATE) {
    for (let i = 0; i < RATE / 4; i++) lanes[i] ^= view.getInt32(block + 4 * i, true);
    permute(lanes, columns, moved);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i++) digest.setInt32(4 * i, lanes[i], true);
  return new Uint8Array(digest.buffer);
}
