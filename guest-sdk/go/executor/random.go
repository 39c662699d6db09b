package executor

import "math/bits"

// Stream makes choices of a seed of 32 bytes, alike in every SDK (docs/randomness.md, "The stream"). One seed serves one purpose.
type Stream struct {
	block [64]byte // abi.encode(seed, number of the next word)
}

// NewStream begins one.
func NewStream(seed []byte) (*Stream, error) {
	if len(seed) != 32 {
		return nil, errorf("a stream's seed has 32 bytes")
	}
	stream := &Stream{}
	copy(stream.block[:], seed)
	return stream, nil
}

func (s *Stream) word() []byte {
	word := Keccak256(s.block[:])
	for at := 63; at >= 32; at-- {
		if s.block[at]++; s.block[at] != 0 {
			break
		}
	}
	return word
}

// Bytes are whole words one after the other, the last one cut.
func (s *Stream) Bytes(count int) []byte {
	var made []byte
	for len(made) < count {
		made = append(made, s.word()...)
	}
	return made[:count]
}

// Below is a number in [0, n), each as likely as any other; n is not zero.
func (s *Stream) Below(n uint64) uint64 {
	surplus := uint64(1) % n // 2^256 modulo n
	for range 4 {
		_, surplus = bits.Div64(surplus, 0, n)
	}
	for {
		word := s.word()
		rest, last, high := uint64(0), uint64(0), true // whether all but the last eight bytes are 255
		for i := 0; i < 32; i += 8 {
			var part uint64
			for _, b := range word[i : i+8] {
				part = part<<8 | uint64(b)
			}
			_, rest = bits.Div64(rest, part, n)
			if i < 24 {
				high = high && part == 1<<64-1
			}
			last = part
		}
		if !high || ^last >= surplus {
			return rest
		}
	}
}

// Sample is so many different numbers below n, in random order; all of them are a shuffle.
func (s *Stream) Sample(n, count int) ([]int, error) {
	if count > n {
		return nil, errorf("a sample larger than what it is of")
	}
	items := make([]int, n)
	for i := range items {
		items[i] = i
	}
	for i := range count {
		place := i + int(s.Below(uint64(n-i)))
		items[i], items[place] = items[place], items[i]
	}
	return items[:count], nil
}

// Shuffle puts n things into random order by swapping them, as rand.Shuffle does.
func (s *Stream) Shuffle(n int, swap func(i, j int)) {
	for i := range n {
		swap(i, i+int(s.Below(uint64(n-i))))
	}
}
