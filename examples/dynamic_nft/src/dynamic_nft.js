// How a match stands: each node asks three score feeds and believes what two of them say alike; the committee agrees.
// Input: abi.encode(uint64 matchId), or the Transfer of a token that shows the match (docs/dynamic-nft.md).
// Output: the 256 bytes that DynamicNft takes (docs/consumers.md).
import { abi, context, fields, hex, http, log, median, mode, observe, time, utf8 } from "executor";

const ENOUGH = 2; // feeds that say the same
const MAX_AGE_S = 600; // of a live match's feed: one that stands still is no witness
const NAME_BYTES = 32;
const MAX_NAME = 256; // characters that are looked at
const MAX_REPLY = 16_384; // bytes; a feed says a match in one
const SERIAL_BITS = 32n; // a token id is match id << 32 | serial
const TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"; // Transfer(address,address,uint256)

const SCHEDULED = 0;
const LIVE = 1;
const BREAK = 2;
const FINISHED = 3;
const CANCELLED = 4;

/** Each feed has its own address, shape and words. A reading: [status, home, away, home's name, away's], minute, time. */
const FEEDS = [
  {
    url: (id) => `http://feed-a.test/v2/matches/${id}`,
    words: { TIMED: SCHEDULED, IN_PLAY: LIVE, PAUSED: BREAK, FINISHED, CANCELLED },
    read: ({ match: { status, minute, score, homeTeam, awayTeam, lastUpdated } }) =>
      [[status, score.home, score.away, homeTeam.name, awayTeam.name], minute, Date.parse(lastUpdated) / 1000],
  },
  {
    url: (id) => `http://feed-b.test/fixtures?id=${id}`,
    words: { NS: SCHEDULED, "1H": LIVE, "2H": LIVE, HT: BREAK, FT: FINISHED, CANC: CANCELLED },
    read: ({ response: [{ fixture, teams, goals }] }) =>
      [[fixture.status.short, goals.home, goals.away, teams.home.name, teams.away.name], fixture.status.elapsed, fixture.update],
  },
  {
    url: (id) => `http://feed-c.test/livescore/${id}.json`,
    words: { soon: SCHEDULED, live: LIVE, pause: BREAK, over: FINISHED, off: CANCELLED },
    read: ({ data: { st, ss, t1, t2, tm, ts } }) => [[st, ...ss.split("-"), t1, t2], tm, ts / 1000],
  },
];

class FeedsDisagree extends Error {
  code = "feeds-disagree";
}

function count(value) {
  const number = Number.parseInt(value, 10); // "45+2'" is minute 45
  if (!(number >= 0 && number <= 0xffff)) throw new RangeError(`not a number of goals or minutes: ${value}`);
  return number;
}

/** A team's name however a feed spells its bytes: one form of each letter, single spaces, at most 32 bytes. */
function tidy(name) {
  let text = name.slice(0, MAX_NAME).toWellFormed().normalize("NFC").replace(/\s+/gu, " ").trim();
  while (utf8.encode(text).length > NAME_BYTES) text = Array.from(text).slice(0, -1).join("");
  return text;
}

function reading(response, feed, now) {
  if (!response.ok) throw response.error ?? new Error(`status ${response.status}`);
  if (response.bytes().length > MAX_REPLY) throw new RangeError(`a reply of ${response.bytes().length} bytes`);
  const [[word, home, away, homeName, awayName], minute, updated] = feed.read(response.json());
  if (!Object.hasOwn(feed.words, word)) throw new Error(`unknown status ${word}`);
  const status = feed.words[word];
  const age = now - updated;
  if (status === LIVE && !(age <= MAX_AGE_S)) throw new Error(`the feed is ${age} s old`);
  const state = JSON.stringify([status, count(home), count(away), tidy(homeName), tidy(awayName)]);
  return { state, minute: count(minute) };
}

function readings(id, now) {
  const responses = http.fetchMany(FEEDS.map(({ url }) => url(id)));
  return responses.flatMap((response, i) => {
    try {
      return [reading(response, FEEDS[i], now)];
    } catch (error) {
      log.warn(FEEDS[i].url(id), error);
      return [];
    }
  });
}

/** What this node sees: a state that two feeds agree on, the lower of their minutes, and when it looked. */
function look(id) {
  const at = time.local();
  const seen = readings(id, Number(at));
  const { state } = seen.find((one) => seen.filter((other) => other.state === one.state).length >= ENOUGH) ?? {};
  if (state === undefined) throw new FeedsDisagree(`${seen.length} feeds answered, no two of them alike`);
  const minutes = seen.filter((one) => one.state === state).map(({ minute }) => minute);
  return { state, minute: Math.min(...minutes), at };
}

/** The match of a request's input, of a token that changed hands, or of a trigger's own input. */
function matchOf(input) {
  if (context.trigger === "request") return idFrom(input.bytes);
  const { event, input: own } = input.json();
  if (context.trigger !== "log" || event.topics[0] !== TRANSFER) return idFrom(hex.decode(own));
  return BigInt(event.topics[3]) >> SERIAL_BITS;
}

function idFrom(bytes) {
  return abi.decode(["uint64"], bytes)[0];
}

function word(name) {
  const padded = new Uint8Array(NAME_BYTES);
  padded.set(utf8.encode(name));
  return padded;
}

const OUTPUT = ["uint64", "uint64", "uint8", "uint16", "uint16", "uint16", "bytes32", "bytes32"];

export default function (input) {
  const id = matchOf(input);
  // `mode`, on the state as a whole: nodes that look while a goal falls cannot be mixed to a score that never was.
  const { state, minute, at } = observe(fields({ state: mode, minute: median, at: median }), () => look(id), { label: "match" });
  const [status, home, away, homeName, awayName] = JSON.parse(state);
  return abi.encode(OUTPUT, [id, at.scaled(3), status, minute.scaled(0), home, away, word(homeName), word(awayName)]);
}
