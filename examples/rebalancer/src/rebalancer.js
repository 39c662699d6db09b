// Which trade brings a treasury to its target weights: the function of contracts/src/consumers/Rebalancer.sol.
// Input, of a request or of a trigger's registration: abi.encode(address rebalancer, uint64 nonce).
// Output: abi.encode(uint8 pool, uint8 direction, uint256 amountIn, uint256 minOut, uint64 deadline, uint64 nonce).
import { abi, evm, fields, hex, identical, observe } from "executor";

// The policy: yours stands here, and is part of the function id.
const MARKET = { // whose price counts; token0 is what stands there for the treasury's token0
  chain: 4242,
  pool: "0x00000000000000000000000000000000000000aa",
  token0: "0x00000000000000000000000000000000000000b0",
};
const TARGET = 5_000n; // the share of token0 in the treasury's worth, in hundredths of a percent
const BAND = 100n; // nothing is done while the share is so close to it
const COST = 60n; // what a trade may lose by that price, fee and depth together
const LIFE_S = 2_700n; // a move can be made so long after the block that was looked at: that of a trigger is a final one

const BASIS = 10_000n;
const POOL_FEE = 30n; // of ConstantProductPool
const PRICE_SCALE = 10n ** 36n;
const NOTHING = { pool: 0n, direction: 0n, amount: 0n, least: 0n };

export default function (input) {
  const [rebalancer] = abi.decode(["address"], registered(input).subarray(0, 32));
  const height = evm.agreeOnBlock(MARKET.chain);
  const look = () => ({ here: home(rebalancer), elsewhere: market(height) });
  const seen = observe(fields({ here: identical, elsewhere: identical }), look, { label: "both chains" });
  const state = readHome(numbers(seen.here));
  const [worth0, worth1, ...decimals] = numbers(seen.elsewhere);
  if (decimals.some((each, i) => each !== state.decimals[i])) throw new Error("the tokens have other decimals on the two chains");
  if (worth0 === 0n || worth1 === 0n) throw new Error("the market has no price");
  const now = BigInt(input.context.block_timestamp);
  const { pool, direction, amount, least } = now < state.readyAt ? NOTHING : move(state, worth0, worth1);
  const types = ["uint8", "uint8", "uint256", "uint256", "uint64", "uint64"];
  return abi.encode(types, [pool, direction, amount, least, now + LIFE_S, state.nonce]);
}

/** A trigger's run is told what happened, and carries the registration's own input. */
function registered(input) {
  return input.context.trigger === "request" ? input.bytes : hex.decode(input.json().input);
}

// Looking: one line of numbers for each chain, which honest nodes write alike.

function home(rebalancer) {
  const own = (...signatures) => signatures.map((signature) => ({ to: rebalancer, abi: signature }));
  const [pools, token0, token1, bounds, nonce, movedAt, price] = views({}, own(
    "pools()(address,address)", "token0()(address)", "token1()(address)",
    "bounds()(uint128,uint128,uint32,uint16,uint16)", "nonce()(uint64)", "movedAt()(uint40)", "referencePrice()(uint256)",
  ));
  const tokens = [token0, token1];
  const more = views({}, [
    ...pools.map((to) => ({ to, abi: "reserves()(uint256,uint256)" })),
    ...tokens.map((to) => ({ to, abi: "balanceOf(address)(uint256)", args: [rebalancer] })),
    ...tokens.map((to) => ({ to, abi: "decimals()(uint8)" })),
  ]);
  return [nonce, movedAt, price, bounds, more].flat(2).join(",");
}

/** What one of token0 is worth, as a fraction: the reserve of token1, that of token0; and the decimals of both. */
function market(block) {
  const of = { chain: MARKET.chain, block };
  const to = MARKET.pool;
  const [reserves, token0, token1] = views(of, ["reserves()(uint256,uint256)", "token0()(address)", "token1()(address)"].map((each) => ({ to, abi: each })));
  const first = token0.toLowerCase() === MARKET.token0.toLowerCase();
  if (!first && token1.toLowerCase() !== MARKET.token0.toLowerCase()) throw failure("another-market", "the market does not trade token0");
  const decimals = views(of, [token0, token1].map((token) => ({ to: token, abi: "decimals()(uint8)" })));
  // Tokens are in the order of their addresses, which is another one on another chain.
  return (first ? [reserves[1], reserves[0], ...decimals] : [...reserves, decimals[1], decimals[0]]).join(",");
}

/** Views of one block; one that fails ends the look. */
function views(of, calls) {
  return evm.callMany({ ...of, calls }).map((each, i) => {
    if (!each.ok) throw failure("view-reverts", `${calls[i].abi} of ${calls[i].to} reverts`);
    return each.value;
  });
}

/** What the node observes instead, by its code; the text is for its log. */
function failure(code, text) {
  return Object.assign(new Error(text), { code });
}

function numbers(line) {
  return line.split(",").map(BigInt);
}

function readHome([nonce, movedAt, price, most0, most1, interval, slippage, deviation, a0, a1, b0, b1, balance0, balance1, ...decimals]) {
  return {
    nonce, readyAt: movedAt + interval, slippage, decimals,
    low: (price * (BASIS - deviation)) / BASIS, high: (price * (BASIS + deviation)) / BASIS,
    // By direction: what is sold, what is bought, and each pool's reserves of both.
    sides: [
      { balance: balance0, other: balance1, most: most0, pools: [[a0, a1], [b0, b1]] },
      { balance: balance1, other: balance0, most: most1, pools: [[a1, a0], [b1, b0]] },
    ],
  };
}

// Choosing, in exact integers: one of token0 is worth `worth0 / worth1` of token1.

function move(state, worth0, worth1) {
  const direction = tooMuch(state.sides[0], worth0, worth1, TARGET + BAND) ? 0 : tooMuch(state.sides[1], worth1, worth0, BASIS - TARGET + BAND) ? 1 : null;
  if (direction === null) return NOTHING;
  const side = state.sides[direction];
  const [sold, bought, share] = direction === 0 ? [worth0, worth1, TARGET] : [worth1, worth0, BASIS - TARGET];
  // All of these get harder to hold the more is sold.
  const holds = (amount) => {
    const [quote] = best(side.pools, amount);
    if (quote * bought * BASIS < amount * sold * (BASIS - COST)) return false;
    const price = priceOf(direction, amount, quote);
    if (direction === 0 ? price < state.low : price > state.high) return false;
    return !tooMuch({ balance: side.other + quote, other: side.balance - amount }, bought, sold, BASIS - share);
  };
  const amount = greatest(side.balance < side.most ? side.balance : side.most, holds);
  if (amount === 0n) return NOTHING;
  const [quote, pool] = best(side.pools, amount);
  const price = priceOf(direction, amount, quote);
  if (price < state.low || price > state.high) return NOTHING; // too good to be true
  // Half of the bound on either side: the market may move both ways until the report is delivered.
  const least = (quote * (BASIS - state.slippage / 2n) + BASIS - 1n) / BASIS;
  return { pool, direction: BigInt(direction), amount, least };
}

/** Whether more than this share of the worth is in what `balance` counts. */
function tooMuch({ balance, other }, worth, worthOfOther, share) {
  return balance * worth * BASIS > share * (balance * worth + other * worthOfOther);
}

/** The pool that pays more, and how much. */
function best(pools, amount) {
  const quotes = pools.map(([reserveIn, reserveOut]) => quoted(reserveIn, reserveOut, amount));
  return quotes[1] > quotes[0] ? [quotes[1], 1n] : [quotes[0], 0n];
}

/** As ConstantProductPool computes it. */
function quoted(reserveIn, reserveOut, amount) {
  const counted = amount * (BASIS - POOL_FEE);
  return counted === 0n ? 0n : (reserveOut * counted) / (reserveIn * BASIS + counted);
}

/** As Rebalancer computes it: units of token1 for one of token0, times 10^36. */
function priceOf(direction, amount, quote) {
  const [amount0, amount1] = direction === 0 ? [amount, quote] : [quote, amount];
  return amount0 === 0n ? 0n : (amount1 * PRICE_SCALE) / amount0;
}

/** The greatest number up to `limit` that holds, if all below the first that does not hold, too. */
function greatest(limit, holds) {
  let [low, high] = [0n, limit + 1n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
