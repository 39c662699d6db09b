// The function of CommitteeLottery and JointLottery (docs/lottery.md): 32 bytes that no member could foresee or bend.
// The contract makes its choices of them; examples/committee_lots_python makes them here.
import { random } from "executor";

export default () => random.draw();
