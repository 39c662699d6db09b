// The function of FunctionRaffles (docs/lottery.md): 32 bytes that nobody chose, from a round that the request fixed.
// The contract picks the winners of them; examples/lottery picks them here.
import { random } from "executor";

export default () => random.draw();
