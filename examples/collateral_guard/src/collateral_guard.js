// The guard of a lending market, contracts/src/consumers/CollateralGuard.sol (docs/collateral-guard.md). It reads every
// position at the request's own block and the price from three exchanges, and names the positions to liquidate.
// Input, of a request and of a registration: abi.encode(address market).
// Output: abi.encode(uint256 price, uint64 timestamp, address[] accounts), the unhealthiest first.
import { abi, context, Decimal, evm, hex, http, identical, log, median, observe } from "executor";

const EXCHANGES = [
  { url: "http://exchange-a.test/price?pair=ETH-USD", price: (body) => body.price },
  { url: "http://exchange-b.test/price?pair=ETH-USD", price: (body) => body.data.amount },
  { url: "http://exchange-c.test/price?pair=ETH-USD", price: (body) => body.result.XETHZUSD.c[0] },
];
const ENOUGH = 2; // exchanges
const NAMED = 8; // accounts: CollateralGuard.MAX_ACCOUNTS, what one report handles
const REPORTS = 8; // to look ahead: 256 paths of the price,
const STEP = 250n; // which rises or falls by 2.5 % from one report to the next
const BASIS = 10_000n;
const PRICE_SCALE = 10n ** 36n;
const PAGE = 600; // positions in one observation: 31 kB of the 32 that one may have
const MOST = 3 * PAGE; // positions: the manifest grants three observations for them, and one for the price
const CALL = 50; // positions in one call, so that a node's endpoints answer several at a time
const HEAD = 25; // bytes: count, places, threshold, bonus, close factor, full close health, least debt
const ROW = 52; // bytes: account, collateral, debt

class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export default function (input) {
  const given = context.trigger === "request" ? input.bytes : hex.decode(input.json().input);
  const [market] = abi.decode(["address"], given);
  const { places, terms, pages } = observeMarket(market);
  const price = observe(median, look, { label: "price" }).scaled(places);
  if (price <= 0n) throw new Refused("no-price", "the agreed price is nothing in the market's units");
  const unhealthy = pages.flatMap((page) => unhealthyOf(page, price, terms));
  log.info(`${unhealthy.length} positions are unhealthy at ${price}`);
  const named = unhealthy.sort(byLoss).slice(0, NAMED).map(({ account }) => account);
  return abi.encode(["uint256", "uint64", "address[]"], [price, context.block_timestamp, named]);
}

// What is observed: the whole market, so that whoever has the receipt computes all of this again.

function observeMarket(market) {
  const label = (number) => ({ label: `positions ${number}`, as: "bytes" });
  const first = observe(identical, () => firstPage(market), label(0));
  const view = viewOf(first);
  const pages = [first.subarray(HEAD)];
  for (let from = PAGE; from < view.getUint32(0); from += PAGE) {
    pages.push(observe(identical, () => page(market, from, view.getUint32(0)), label(from)));
  }
  const [threshold, bonus, closeFactor, fullCloseHealth] = [5, 7, 9, 11].map((at) => BigInt(view.getUint16(at)));
  const minDebt = (BigInt(view.getUint32(13)) << 64n) | view.getBigUint64(17);
  return { places: view.getUint8(4), pages, terms: { threshold, bonus, closeFactor, fullCloseHealth, minDebt } };
}

function firstPage(market) {
  const [count, terms, collateral, debt] = read([
    { to: market, abi: "borrowerCount()(uint256)" },
    { to: market, abi: "terms()((uint64,uint16,uint16,uint16,uint16,uint16,uint96))" },
    { to: market, abi: "collateralToken()(address)" },
    { to: market, abi: "debtToken()(address)" },
  ]);
  if (count > MOST) throw new Refused("too-many-positions", `the market has ${count} borrowers`);
  const [collateralDecimals, debtDecimals] = read([collateral, debt].map((to) => ({ to, abi: "decimals()(uint8)" })));
  const places = 36n + debtDecimals - collateralDecimals; // LendingMath.PRICE_SCALE, in the smallest units of both
  if (places < 0n || places > 255n) throw new Refused("bad-decimals", `the price has ${places} places`);
  const head = new Uint8Array(HEAD);
  const view = viewOf(head);
  view.setUint32(0, Number(count));
  view.setUint8(4, Number(places));
  terms.slice(2, 6).forEach((part, i) => view.setUint16(5 + 2 * i, Number(part)));
  view.setUint32(13, Number(terms[6] >> 64n));
  view.setBigUint64(17, BigInt.asUintN(64, terms[6]));
  return joined(head, page(market, 0, Number(count)));
}

function page(market, from, count) {
  const calls = [];
  for (let at = from; at < Math.min(from + PAGE, count); at += CALL) {
    const size = Math.min(CALL, from + PAGE - at);
    calls.push({ to: market, abi: "positions(uint256,uint256)((address,uint256,uint256)[])", args: [at, size] });
  }
  const holdings = calls.length ? read(calls).flat() : [];
  const bytes = new Uint8Array(ROW * holdings.length);
  const view = viewOf(bytes);
  holdings.forEach(([account, collateral, debt], i) => {
    bytes.set(hex.decode(account), ROW * i);
    putAmount(view, ROW * i + 20, collateral);
    putAmount(view, ROW * i + 36, debt);
  });
  return bytes;
}

function read(calls) {
  return evm.callMany({ calls }).map(({ ok, value }, i) => {
    if (!ok) throw new Refused("evm-reverted", `${calls[i].abi} of ${calls[i].to} reverted`);
    return value;
  });
}

/** The price this node sees: the lower middle of the exchanges that answered. */
function look() {
  const responses = http.fetchMany(EXCHANGES.map(({ url }) => url));
  const prices = responses.flatMap((response, i) => priceOf(response, EXCHANGES[i]));
  if (prices.length < ENOUGH) throw new Refused("too-few-prices", `${prices.length} exchanges answered`);
  return prices.sort((a, b) => a.compare(b))[(prices.length - 1) >> 1];
}

function priceOf(response, exchange) {
  try {
    if (!response.ok) throw response.error ?? new Error(`status ${response.status}`);
    return [Decimal.from(exchange.price(response.json()))];
  } catch (error) {
    log.warn(exchange.url, error);
    return [];
  }
}

// What is computed: LendingMath's arithmetic, rounded as there. A unit of difference would name another account.

const valueOf = (collateral, price) => (collateral * price) / PRICE_SCALE;
const limitOf = (collateral, price, terms) => (valueOf(collateral, price) * terms.threshold) / BASIS;
const ceil = (number, divisor) => (number + divisor - 1n) / divisor;

function unhealthyOf(page, price, terms) {
  const view = viewOf(page);
  const found = [];
  for (let at = 0; at < page.length; at += ROW) {
    const collateral = amount(view, at + 20);
    const debt = amount(view, at + 36);
    const limit = limitOf(collateral, price, terms);
    if (limit >= debt) continue;
    const account = hex.encode(page.subarray(at, at + 20));
    found.push({ account, limit, debt, loss: lossFrom(terms, collateral, debt, price, REPORTS) });
  }
  return found;
}

/** LendingMath.plan with a reserve that is never empty. */
function plan(terms, collateral, debt, price) {
  let repaid = ceil(debt * terms.closeFactor, BASIS);
  const full = limitOf(collateral, price, terms) < (debt * terms.fullCloseHealth) / BASIS;
  if (full || debt - repaid < terms.minDebt) repaid = debt;
  const withBonus = (repaid * (BASIS + terms.bonus)) / BASIS;
  const seized = (withBonus * PRICE_SCALE) / price;
  if (seized < collateral) return { repaid, seized, badDebt: 0n };
  repaid = ceil(valueOf(collateral, price) * BASIS, BASIS + terms.bonus);
  return { repaid, seized: collateral, badDebt: debt - repaid };
}

/** The bad debt of a position on all paths of the price together, if this report leaves it alone and later ones do not. */
function lossFrom(terms, collateral, debt, price, reports) {
  let lowest = price;
  for (let i = 0; i < reports; i++) lowest = lower(lowest);
  if (limitOf(collateral, lowest, terms) >= debt) return 0n; // covered on every path
  const higher = (price * (BASIS + STEP)) / BASIS;
  const left = reports - 1;
  return lossAt(terms, collateral, debt, lower(price), left) + lossAt(terms, collateral, debt, higher, left);
}

function lossAt(terms, collateral, debt, price, reports) {
  let loss = 0n;
  if (limitOf(collateral, price, terms) < debt) {
    const { repaid, seized, badDebt } = plan(terms, collateral, debt, price);
    collateral -= seized;
    debt -= repaid + badDebt;
    loss = badDebt << BigInt(reports);
  }
  return debt && reports ? loss + lossFrom(terms, collateral, debt, price, reports) : loss;
}

function lower(price) {
  const fallen = (price * (BASIS - STEP)) / BASIS;
  return fallen > 0n ? fallen : 1n;
}

/** The unhealthiest first: most loss, then least of the debt covered, then the lower address. */
function byLoss(a, b) {
  if (a.loss !== b.loss) return a.loss > b.loss ? -1 : 1;
  const [left, right] = [a.limit * b.debt, b.limit * a.debt];
  if (left !== right) return left < right ? -1 : 1;
  return a.account < b.account ? -1 : 1;
}

// Bytes.

const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const amount = (view, at) => (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);

function putAmount(view, at, value) {
  if (value >> 128n) throw new Refused("bad-position", `${value} is no amount of 128 bits`);
  view.setBigUint64(at, value >> 64n);
  view.setBigUint64(at + 8, BigInt.asUintN(64, value));
}

function joined(a, b) {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
