/** The price of one ether in US dollars: each node asks for itself, the committee agrees on the median. */
import { abi, AbiValue, http, median, observe, time, Value } from "executor";

// `executor devnet` runs this exchange. Put your API here, its host into function.toml, its answer into replies.json.
const URL = "http://exchange-a.test/price?pair=ETH-USD";

export function main(_input: Uint8Array): Uint8Array {
  const price = observe(median.labelled("price"), () => Value.text(http.get(URL).json.get("price").toString())).decimal;
  return abi.encode("(uint256,uint256)", AbiValue.list([AbiValue.decimal(price.scaled(8)), AbiValue.integer(time.now())]));
}
