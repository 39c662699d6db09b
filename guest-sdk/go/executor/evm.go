package executor

import (
	"strconv"
	"strings"
)

// Place is where chains are read: the request's own block on the home chain, unless it says otherwise.
type Place struct {
	Chain int64  // an id that the manifest lists
	Block string // a number, a hash as 0x-hex, or, for EVMBlock alone, "finalized"
}

func (p Place) ask(operation string, members ...string) ([]byte, error) {
	if p.Chain != 0 {
		members = append(members, `"chain":`+strconv.FormatInt(p.Chain, 10))
	}
	if p.Block == "finalized" || strings.HasPrefix(p.Block, "0x") {
		members = append(members, `"block":`+quoted(p.Block))
	} else if p.Block != "" {
		members = append(members, `"block":`+p.Block)
	}
	return live(operation, []byte("{"+strings.Join(members, ",")+"}"))
}

// Calldata is of a signature such as "balanceOf(address)" and its arguments.
func Calldata(signature string, arguments ...Value) ([]byte, error) {
	selector := Keccak256([]byte(signature))[:4:4]
	if len(arguments) == 0 {
		return selector, nil
	}
	encoded, err := Encode(signature[strings.IndexByte(signature, '('):], arguments...)
	return append(selector, encoded...), err
}

// Call gives what a contract returns. Inside Observe only, as are the others.
func (p Place) Call(contract string, calldata []byte) ([]byte, error) {
	return p.ask("evm.call", `"to":`+quoted(contract), `"data":"`+Hex(calldata)+`"`)
}

// CallMany makes many calls at one block; Err of a result is set where it reverted.
func (p Place) CallMany(contract string, calldata [][]byte) ([]CallResult, error) {
	var calls []string
	for _, data := range calldata {
		calls = append(calls, `{"to":`+quoted(contract)+`,"data":"`+Hex(data)+`"}`)
	}
	got, err := p.ask("evm.call_many", `"calls":[`+strings.Join(calls, ",")+"]")
	if err != nil {
		return nil, err
	}
	values, err := Decode("(bool,bytes)[]", got)
	if err != nil {
		return nil, err
	}
	var results []CallResult
	for _, value := range values[0].Items {
		results = append(results, CallResult{value.Items[0].IsTrue(), value.Items[1].Bytes})
	}
	return results, nil
}

// CallResult is one of CallMany: what was returned, or reverted with.
type CallResult struct {
	OK   bool
	Data []byte
}

// Balance is an account's, in wei.
func (p Place) Balance(account string) (Decimal, error) {
	got, err := p.ask("evm.balance", `"address":`+quoted(account))
	if err != nil {
		return Decimal{}, err
	}
	values, err := Decode("uint256", got)
	if err != nil {
		return Decimal{}, err
	}
	return values[0].Unsigned(), nil
}

// Header is a block's.
type Header struct {
	Number, Hash, ParentHash, Timestamp string
	BaseFee                             Decimal
}

// Header reads a block.
func (p Place) Header() (Header, error) {
	got, err := p.ask("evm.block")
	if err != nil {
		return Header{}, err
	}
	v, err := Decode("(uint256,bytes32,bytes32,uint256,uint256)", got)
	if err != nil {
		return Header{}, err
	}
	return Header{v[0].Unsigned().String(), Hex(v[1].Bytes), Hex(v[2].Bytes), v[3].Unsigned().String(), v[4].Unsigned()}, nil
}

// Log is a contract's.
type Log struct {
	Topics             [][]byte
	Data               []byte
	BlockNumber, Index string
}

// Logs are a contract's of an event such as "Transfer(address,address,uint256)", from a block to the place's block.
func (p Place) Logs(contract, fromBlock, event string) ([]Log, error) {
	topic := Hex(Keccak256([]byte(event)))
	got, err := p.ask("evm.logs", `"addresses":[`+quoted(contract)+"]", `"from_block":`+fromBlock, `"topics":[["`+topic+`"]]`)
	if err != nil {
		return nil, err
	}
	values, err := Decode("(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]", got)
	if err != nil {
		return nil, err
	}
	var logs []Log
	for _, value := range values[0].Items {
		v := value.Items
		log := Log{Data: v[2].Bytes, BlockNumber: v[3].Unsigned().String(), Index: v[6].Unsigned().String()}
		for _, topic := range v[1].Items {
			log.Topics = append(log.Topics, topic.Bytes)
		}
		logs = append(logs, log)
	}
	return logs, nil
}
