// The price of one ether in US dollars: each node asks for itself, the committee agrees on the median.
import { abi, context, http, median, observe } from "executor";

// `executor devnet` runs this exchange. Put your API here, its host into function.toml, its answer into replies.json.
const URL = "http://exchange-a.test/price?pair=ETH-USD";

export default function () {
  const price = observe(median, () => http.get(URL).json().price, { label: "price" });
  return abi.encode(["uint256", "uint64"], [price.scaled(8), context.block_timestamp]);
}
