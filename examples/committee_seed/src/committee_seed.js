// The function of CommitteeLottery and JointLottery (docs/lottery.md): 32 bytes that no member could foresee or bend.
// The contract makes its choices of them; examples/prize_draw_python makes them itself.
import { random } from "executor";

export default () => random.draw();
