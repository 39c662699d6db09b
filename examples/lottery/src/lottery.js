// The winners of a raffle: nobody chose them, and anybody can check them (docs/randomness.md).
// Input: abi.encode(uint256 tickets, uint256 winners). Output: abi.encode(uint256[] tickets), each at most once.
import { abi, random } from "executor";

const MAX_WINNERS = 100n;

export default function (input) {
  const [tickets, winners] = abi.decode(["uint256", "uint256"], input.bytes);
  if (winners > MAX_WINNERS || winners > tickets) throw new RangeError(`${winners} winners of ${tickets} tickets`);
  return abi.encode(["uint256[]"], [random.sample(tickets, Number(winners))]);
}
