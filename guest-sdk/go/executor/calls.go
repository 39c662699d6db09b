package executor

import "strconv"

func live(operation string, request []byte) ([]byte, error) {
	if !looking {
		return nil, errorf(operation + " works only inside Observe: nodes must agree on what it answers")
	}
	got := call(operation, request)
	if got.kind != 0 {
		return nil, NewError(string(got.bytes), operation+" failed: "+string(got.bytes))
	}
	return got.bytes, nil
}

// Keccak256 is Ethereum's.
func Keccak256(bytes []byte) []byte { return call("crypto.keccak256", bytes).bytes }

// Secret is what the function's owner put under this name. Inside Observe only.
func Secret(name string) ([]byte, error) { return live("secrets.get", []byte(name)) }

// PrivateInput is the text of an envelope, which must be part of the request's input. Inside Observe only.
func PrivateInput(envelope []byte) ([]byte, error) { return live("input.private", envelope) }

var known *JSON

// Context is a member of the context, numbers as written: "chain_id", "sender", … (docs/abi.md, input.context).
func Context(key string) string {
	if known == nil {
		parsed, err := ParseJSON(call("input.context", nil).bytes)
		if err != nil {
			Fail(headline(err))
		}
		known = parsed
	}
	member, err := known.Get(key)
	if err != nil {
		return ""
	}
	return member.text
}

// Now is the request's block timestamp in seconds, which time.Now shows, too: the same on every node, and the past.
func Now() int64 {
	seconds, _ := strconv.ParseInt(Context("block_timestamp"), 10, 64)
	return seconds
}

// LocalTime is what this node's clock shows, a decimal for an observation under Median. Inside Observe only.
func LocalTime() (string, error) {
	got, err := live("time.now", nil)
	return string(got), err
}

// Draw gives 32 bytes that nobody in the committee chose. Draws come last: after one, Observe ends the run.
func Draw() []byte {
	if looking {
		Fail("random.draw works only outside Observe: draws come after all observations")
	}
	return call("random.draw", nil).bytes
}
