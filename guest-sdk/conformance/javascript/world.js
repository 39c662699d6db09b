import { at, evm, hex, http, identical, median, observe, privateInput, secrets, time, utf8 } from "executor";

const BALANCE_OF = "balanceOf(address)(uint256)";
const shown = (response) => `${response.status} ${response.text()}`;
const agreed = (look) => observe(identical, look);

const COMMANDS = {
  get: (url) => agreed(() => shown(http.get(url))),
  price: (url) =>
    observe(median, () => {
      const response = http.get(url);
      if (!response.ok) throw Object.assign(new Error("no price"), { code: "http-status" });
      return at(response.json(), "price");
    }).toString(),
  header: (rest) => {
    const [url, name] = rest.split(" ");
    return agreed(() => http.get(url).headers[name] ?? "none");
  },
  post: (rest) => {
    const end = rest.indexOf("\n");
    const headers = { "content-type": "application/json", "x-tour": "1" };
    return agreed(() => shown(http.fetch(rest.slice(0, end), { method: "POST", headers, body: rest.slice(end + 1) })));
  },
  many: (rest) =>
    agreed(() =>
      http
        .fetchMany(rest.split("\n"))
        .map((response) => (response.error ? `error ${response.error.code}` : shown(response)))
        .join("\n"),
    ),
  outside: (url) => shown(http.get(url)),
  "balance-of": (rest) => {
    const [to, holder] = rest.split(" ");
    return agreed(() => evm.call({ to, abi: BALANCE_OF, args: [holder] }));
  },
  "balance-at": (rest) => {
    const [chain, block, to, holder] = rest.split(" ");
    return agreed(() => evm.call({ chain: Number(chain), block, to, abi: BALANCE_OF, args: [holder] }));
  },
  "balances-of": (rest) => {
    const [to, ...holders] = rest.split(" ");
    const calls = holders.map((holder) => ({ to, abi: BALANCE_OF, args: [holder] }));
    return agreed(() => evm.callMany({ calls }).map((each) => (each.ok ? each.value : "reverted")).join("\n"));
  },
  balance: (address) => agreed(() => evm.balance({ address })),
  block: (number) =>
    agreed(() => {
      const block = evm.block({ block: number });
      return [block.number, block.hash, block.parentHash, block.timestamp, block.baseFee].join(" ");
    }),
  "final-block": (chain) => observe(median, () => evm.block({ chain: Number(chain), block: "finalized" }).number).toString(),
  logs: (rest) => {
    const [address, fromBlock, event] = rest.split(" ");
    const line = (log) => [log.blockNumber, log.index, log.topics.length, hex.encode(log.data)].join(" ");
    return agreed(() => evm.logs({ address, fromBlock, event }).map(line).join("\n"));
  },
  secret: (name) => agreed(() => secrets.get(name)),
  private: (_rest, envelope) => agreed(() => privateInput(envelope).text()),
  clock: () => observe(median, () => time.local()).toString(),
};

export default function (input) {
  const end = input.bytes.indexOf(10);
  const command = utf8.decode(input.bytes.subarray(0, end < 0 ? undefined : end));
  const rest = end < 0 ? new Uint8Array(0) : input.bytes.subarray(end + 1);
  return COMMANDS[command](utf8.decode(rest), rest);
}
