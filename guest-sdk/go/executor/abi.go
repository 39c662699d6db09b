package executor

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value is one of Solidity's: lists and tuples have Items; all else has Bytes: numbers and bools 32, big-endian and
// sign-extended, address 20, bytesN N.
type Value struct {
	Bytes []byte
	Items []Value
}

func Bytes(bytes []byte) Value    { return Value{Bytes: bytes} }
func Text(text string) Value      { return Value{Bytes: []byte(text)} }
func Items(items ...Value) Value  { return Value{Items: items} }
func Int(number int64) Value      { value, _ := Integer(DecimalOfInt(number)); return value }
func (v Value) IsTrue() bool      { return len(v.Bytes) > 0 && v.Bytes[len(v.Bytes)-1] == 1 }
func (v Value) Unsigned() Decimal { return numberOf(v.Bytes, false) }
func (v Value) Signed() Decimal   { return numberOf(v.Bytes, len(v.Bytes) > 0 && v.Bytes[0] >= 0x80) }

func Bool(flag bool) Value {
	if flag {
		return Int(1)
	}
	return Int(0)
}

// Integer is a whole number that fits uint256 or int256.
func Integer(number Decimal) (Value, error) {
	whole, err := number.Scaled(0, Exact)
	if err != nil {
		return Value{}, err
	}
	word := make([]byte, 32)
	for _, digit := range whole.digits {
		carry := int(digit)
		for i := 31; i >= 0; i-- {
			carry += int(word[i]) * 10
			word[i] = byte(carry)
			carry >>= 8
		}
		if carry > 0 {
			return Value{}, errorf("a decimal does not fit 256 bits")
		}
	}
	if whole.negative {
		negate(word)
		if word[0] < 0x80 {
			return Value{}, errorf("a decimal does not fit 256 bits")
		}
	}
	return Value{Bytes: word}, nil
}

func negate(word []byte) {
	carry := 1
	for i := len(word) - 1; i >= 0; i-- {
		carry += int(^word[i])
		word[i] = byte(carry)
		carry >>= 8
	}
}

func numberOf(bytes []byte, negative bool) Decimal {
	rest := append([]byte(nil), bytes...)
	if negative {
		negate(rest)
	}
	digits := make([]byte, 78)
	for i := len(digits) - 1; i >= 0; i-- {
		remainder := 0
		for j := range rest {
			remainder = remainder<<8 | int(rest[j])
			rest[j] = byte(remainder / 10)
			remainder %= 10
		}
		digits[i] = byte(remainder)
	}
	return Decimal{negative, digits, 0}.tidy()
}

type abiType struct {
	kind    string // uint int address bool fixed bytes string array list tuple
	width   int    // of numbers in bits; of bytesN; of T[k] how many
	parts   []abiType
	dynamic bool
	size    int
}

func (t abiType) part(i int) abiType {
	if t.kind == "tuple" {
		return t.parts[i]
	}
	return t.parts[0]
}

func unknownType() error { return errorf("unknown type") }

type typeReader struct {
	text string
	at   int
}

func (r *typeReader) next() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *typeReader) read(depth int) (abiType, error) {
	if depth > 32 {
		return abiType{}, errorf("the type is nested too deeply")
	}
	var made abiType
	if r.next() == '(' {
		made.kind = "tuple"
		for {
			r.at++
			part, err := r.read(depth + 1)
			if err != nil {
				return made, err
			}
			made.parts = append(made.parts, part)
			made.dynamic = made.dynamic || part.dynamic
			made.size += part.size
			if r.next() != ',' {
				break
			}
		}
		if r.next() != ')' {
			return made, unknownType()
		}
		r.at++
		if made.dynamic {
			made.size = 32
		}
	} else {
		start := r.at
		for c := r.next(); c >= 'a' && c <= 'z' || c >= '0' && c <= '9'; c = r.next() {
			r.at++
		}
		var err error
		if made, err = named(r.text[start:r.at]); err != nil {
			return made, err
		}
	}
	for r.next() == '[' {
		length := strings.IndexByte(r.text[r.at:], ']') - 1
		if length < 0 {
			return made, unknownType()
		}
		digits := r.text[r.at+1 : r.at+1+length]
		r.at += length + 2
		array := abiType{kind: "list", parts: []abiType{made}, dynamic: true, size: 32}
		if digits != "" {
			count, ok := whole(digits, 65535)
			if !ok {
				return made, unknownType()
			}
			array.kind, array.width, array.dynamic = "array", count, made.dynamic
			if !made.dynamic {
				array.size = count * made.size
			}
		}
		made = array
	}
	return made, nil
}

func named(name string) (abiType, error) {
	switch name {
	case "address", "bool":
		return abiType{kind: name, size: 32}, nil
	case "bytes", "string":
		return abiType{kind: name, dynamic: true, size: 32}, nil
	}
	for prefix, most := range map[string]int{"uint": 256, "int": 256, "bytes": 32} {
		digits, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		kind, width := prefix, 256
		if digits != "" {
			if width, ok = whole(digits, most); !ok {
				return abiType{}, unknownType()
			}
		}
		if prefix == "bytes" {
			kind = "fixed"
		} else if width%8 != 0 {
			return abiType{}, unknownType()
		}
		return abiType{kind: kind, width: width, size: 32}, nil
	}
	return abiType{}, unknownType()
}

func whole(digits string, most int) (int, bool) {
	count, err := strconv.Atoi(digits)
	return count, err == nil && digits[0] >= '1' && digits[0] <= '9' && count <= most
}

func typeOf(text string) (abiType, error) {
	reader := &typeReader{text: text}
	made, err := reader.read(0)
	if err == nil && reader.at != len(text) {
		err = unknownType()
	}
	if err == nil && made.kind != "tuple" {
		return typeOf("(" + text + ")")
	}
	return made, err
}

func small(number int) []byte {
	word := make([]byte, 32)
	for i := range 4 {
		word[31-i] = byte(number >> (8 * i))
	}
	return word
}

func fits(t abiType, word []byte) bool {
	width := t.width
	if t.kind == "bool" {
		width = 8
	}
	spare, filler := 32-width/8, byte(0)
	if t.kind == "int" && word[min(spare, 31)] >= 0x80 {
		filler = 0xff
	}
	for _, b := range word[:spare] {
		if b != filler {
			return false
		}
	}
	return t.kind != "bool" || word[31] < 2
}

func write(t abiType, value Value) ([]byte, error) {
	bytes := value.Bytes
	zeros := make([]byte, (32-len(bytes)%32)%32)
	switch t.kind {
	case "tuple", "array":
		if t.kind == "tuple" && len(value.Items) != len(t.parts) || t.kind == "array" && len(value.Items) != t.width {
			return nil, errorf("there are as many items as the type says")
		}
		return sequence(t, value.Items)
	case "list":
		written, err := sequence(t, value.Items)
		return append(small(len(value.Items)), written...), err
	case "string", "bytes":
		return append(append(small(len(bytes)), bytes...), zeros...), nil
	case "fixed":
		if len(bytes) != t.width {
			return nil, errorf("bytesN has N bytes")
		}
		return append(append([]byte(nil), bytes...), zeros...), nil
	case "address":
		if len(bytes) != 20 {
			return nil, errorf("an address has 20 bytes")
		}
		return append(zeros, bytes...), nil
	}
	if len(bytes) != 32 || !fits(t, bytes) {
		return nil, errorf("a number does not fit its type")
	}
	return bytes, nil
}

func sequence(t abiType, items []Value) ([]byte, error) {
	offset := 0
	for i := range items {
		offset += t.part(i).size
	}
	var heads, tails []byte
	for i, item := range items {
		written, err := write(t.part(i), item)
		if err != nil {
			return nil, err
		}
		if t.part(i).dynamic {
			heads = append(heads, small(offset+len(tails))...)
			tails = append(tails, written...)
		} else {
			heads = append(heads, written...)
		}
	}
	return append(heads, tails...), nil
}

func refused() error { return errorf("the data do not fit their types") }

func take(data []byte, at, length int) ([]byte, error) {
	if at < 0 || length < 0 || at > len(data) || length > len(data)-at {
		return nil, refused()
	}
	return data[at : at+length], nil
}

// smallOf is an offset or length: what leaves the data is refused before anything is made of it.
func smallOf(data []byte, at int) (int, error) {
	word, err := take(data, at, 32)
	if err != nil {
		return 0, err
	}
	number := 0
	for i, b := range word {
		if i < 28 && b != 0 {
			return 0, refused()
		}
		number = number<<8 | int(b)
	}
	if number > len(data) {
		return 0, refused()
	}
	return number, nil
}

func unpadded(bytes []byte, from, length int) ([]byte, error) {
	for i, b := range bytes {
		if (i < from || i >= from+length) && b != 0 {
			return nil, refused()
		}
	}
	return bytes[from : from+length], nil
}

func several(t abiType, count int, data []byte, base int) (Value, error) {
	items := make([]Value, count)
	at := base
	for i := range items {
		part, start := t.part(i), at
		if part.dynamic {
			offset, err := smallOf(data, at)
			if err != nil {
				return Value{}, err
			}
			start = base + offset
		}
		item, err := read(part, data, start)
		if err != nil {
			return Value{}, err
		}
		items[i] = item
		at += part.size
	}
	return Value{Items: items}, nil
}

func read(t abiType, data []byte, at int) (Value, error) {
	switch t.kind {
	case "tuple":
		return several(t, len(t.parts), data, at)
	case "list", "array":
		count, base := t.width, at
		if t.kind == "list" {
			var err error
			if count, err = smallOf(data, at); err != nil {
				return Value{}, err
			}
			base += 32
		}
		if base > len(data) || count > (len(data)-base)/t.parts[0].size {
			return Value{}, refused()
		}
		return several(t, count, data, base)
	case "string", "bytes":
		length, err := smallOf(data, at)
		if err != nil {
			return Value{}, err
		}
		room, err := take(data, at+32, length+(32-length%32)%32)
		if err != nil {
			return Value{}, err
		}
		found, err := unpadded(room, 0, length)
		if err == nil && t.kind == "string" && !utf8.Valid(found) {
			err = refused()
		}
		return Value{Bytes: found}, err
	}
	word, err := take(data, at, 32)
	if err != nil {
		return Value{}, err
	}
	switch t.kind {
	case "fixed":
		word, err = unpadded(word, 0, t.width)
	case "address":
		word, err = unpadded(word, 12, 20)
	default:
		if !fits(t, word) {
			err = refused()
		}
	}
	return Value{Bytes: word}, err
}

// Encode is abi.encode of values of these types: Encode("(uint256,string)", number, text).
func Encode(types string, values ...Value) ([]byte, error) {
	parsed, err := typeOf(types)
	if err != nil {
		return nil, err
	}
	return write(parsed, Items(values...))
}

// Decode is abi.decode, strictly: offsets and lengths stay inside the data, padding is zero, numbers fit.
func Decode(types string, data []byte) ([]Value, error) {
	parsed, err := typeOf(types)
	if err != nil {
		return nil, err
	}
	value, err := read(parsed, data, 0)
	return value.Items, err
}
