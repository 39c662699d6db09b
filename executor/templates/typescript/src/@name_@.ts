// The price of one ether in US dollars: each node asks for itself, the committee agrees on the median.
import { abi, context, http, median, observe } from "executor";

interface Quote {
  symbol: string;
  price: string;
}

// `executor devnet` runs this exchange. Put your API here, its host into function.toml, its answer into replies.json.
const URL = "http://exchange-a.test/price?pair=ETH-USD";

async function look(): Promise<string> {
  const quote: Quote = (await http.get(URL)).json();
  return quote.price;
}

export default async function (): Promise<Uint8Array> {
  const price = await observe(median, look, { label: "price" });
  return abi.encode(["uint256", "uint64"], [price.scaled(8), context.block_timestamp]);
}
