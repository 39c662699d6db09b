// The price of one ether in US dollars: each node asks three exchanges, the committee agrees on the median.
import { abi, context, Decimal, http, log, median, observe } from "executor";

const EXCHANGES = [
  { url: "http://exchange-a.test/price?pair=ETH-USD", price: (body) => body.price },
  { url: "http://exchange-b.test/price?pair=ETH-USD", price: (body) => body.data.amount },
  { url: "http://exchange-c.test/price?pair=ETH-USD", price: (body) => body.result.XETHZUSD.c[0] },
];
const ENOUGH = 2;

class TooFewPrices extends Error {
  code = "too-few-prices";
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

/** What this node sees: the lower middle of the exchanges that answered. */
function look() {
  const responses = http.fetchMany(EXCHANGES.map(({ url }) => url));
  const prices = responses.flatMap((response, i) => priceOf(response, EXCHANGES[i]));
  if (prices.length < ENOUGH) throw new TooFewPrices(`${prices.length} exchanges answered`);
  return prices.sort((a, b) => a.compare(b))[(prices.length - 1) >> 1];
}

export default function () {
  const price = observe(median, look, { label: "eth-usd" });
  return abi.encode(["uint256", "uint64"], [price.scaled(8), context.block_timestamp]);
}
