package executor

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is a parsed document. Numbers stay as they are written.
type JSON struct {
	kind  byte // { [ " 0 t f n
	text  string
	Names []string
	Items []*JSON
}

const maxDepth = 64

// ParseJSON is strict: one value, and nothing behind it.
func ParseJSON(data []byte) (value *JSON, err error) {
	reader := &jsonReader{text: data}
	defer func() {
		if refused := recover(); refused != nil {
			value, err = nil, errorf("not JSON at byte "+strconv.Itoa(reader.at))
		}
	}()
	if !utf8.Valid(data) {
		return nil, errorf("not JSON: not UTF-8")
	}
	value = reader.value(0)
	reader.space()
	if reader.at != len(data) {
		return nil, errorf("not JSON at byte " + strconv.Itoa(reader.at))
	}
	return value, nil
}

// Get is a member of an object.
func (j *JSON) Get(name string) (*JSON, error) {
	for i := len(j.Names) - 1; i >= 0; i-- {
		if j.Names[i] == name {
			return j.Items[i], nil
		}
	}
	return nil, NewError("missing-path", "there is no "+quoted(name))
}

// At is the part at names and indices, one after the other.
func (j *JSON) At(path ...any) (*JSON, error) {
	for _, step := range path {
		var err error
		switch step := step.(type) {
		case string:
			j, err = j.Get(step)
		case int:
			if j.kind != '[' || step < 0 || step >= len(j.Items) {
				return nil, NewError("missing-path", "there is no element "+strconv.Itoa(step))
			}
			j = j.Items[step]
		default:
			return nil, errorf("a step is a name or an index")
		}
		if err != nil {
			return nil, err
		}
	}
	return j, nil
}

// Text is what a text or a number says.
func (j *JSON) Text() (string, error) {
	if j.kind != '"' && j.kind != '0' {
		return "", errorf("neither text nor a number")
	}
	return j.text, nil
}

type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) next() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *jsonReader) expect(c byte) {
	if r.next() != c || r.at >= len(r.text) {
		panic("refused")
	}
	r.at++
}

func (r *jsonReader) space() {
	for r.next() == ' ' || r.next() == '\t' || r.next() == '\n' || r.next() == '\r' {
		r.at++
	}
}

func (r *jsonReader) value(depth int) *JSON {
	if depth > maxDepth {
		panic("refused")
	}
	r.space()
	switch c := r.next(); c {
	case '{', '[':
		return r.several(c, depth)
	case '"':
		return &JSON{kind: '"', text: r.quotation()}
	case 't', 'f', 'n':
		for _, word := range []string{"true", "false", "null"} {
			if word[0] == c {
				for i := range len(word) {
					r.expect(word[i])
				}
			}
		}
		return &JSON{kind: c}
	}
	return &JSON{kind: '0', text: r.number()}
}

func (r *jsonReader) several(open byte, depth int) *JSON {
	value, end := &JSON{kind: open}, open+2
	r.at++
	r.space()
	for first := true; r.next() != end; first = false {
		if !first {
			r.expect(',')
		}
		if open == '{' {
			r.space()
			value.Names = append(value.Names, r.quotation())
			r.space()
			r.expect(':')
		}
		value.Items = append(value.Items, r.value(depth+1))
		r.space()
		if r.next() != ',' && r.next() != end {
			panic("refused")
		}
	}
	r.at++
	return value
}

func (r *jsonReader) digits() {
	start := r.at
	for r.next() >= '0' && r.next() <= '9' {
		r.at++
	}
	if r.at == start {
		panic("refused")
	}
}

func (r *jsonReader) number() string {
	start := r.at
	if r.next() == '-' {
		r.at++
	}
	if r.next() == '0' {
		r.at++
	} else {
		r.digits()
	}
	if r.next() == '.' {
		r.at++
		r.digits()
	}
	if r.next()|32 == 'e' {
		r.at++
		if r.next() == '+' || r.next() == '-' {
			r.at++
		}
		r.digits()
	}
	return string(r.text[start:r.at])
}

func (r *jsonReader) quotation() string {
	r.expect('"')
	var made []byte
	for r.next() != '"' {
		c := r.next()
		if c < 32 {
			panic("refused")
		}
		r.at++
		if c != '\\' {
			made = append(made, c)
			continue
		}
		letter := r.next()
		r.at++
		switch letter {
		case '"', '\\', '/':
			made = append(made, letter)
		case 'b':
			made = append(made, 8)
		case 'f':
			made = append(made, 12)
		case 'n':
			made = append(made, 10)
		case 'r':
			made = append(made, 13)
		case 't':
			made = append(made, 9)
		case 'u':
			unit := r.unit()
			if utf16.IsSurrogate(unit) && r.next() == '\\' && r.at+1 < len(r.text) && r.text[r.at+1] == 'u' {
				r.at += 2
				unit = utf16.DecodeRune(unit, r.unit())
			}
			made = utf8.AppendRune(made, unit)
		default:
			panic("refused")
		}
	}
	r.at++
	return string(made)
}

func (r *jsonReader) unit() rune {
	if r.at+4 > len(r.text) {
		panic("refused")
	}
	unit, err := strconv.ParseUint(string(r.text[r.at:r.at+4]), 16, 16)
	if err != nil {
		panic("refused")
	}
	r.at += 4
	return rune(unit)
}

// quoted is a text as JSON writes it: the one form of RFC 8785.
func quoted(text string) string {
	const digits = "0123456789abcdef"
	made := []byte{'"'}
	for i := 0; i < len(text); i++ {
		c := text[i]
		short := map[byte]byte{'"': '"', '\\': '\\', 8: 'b', 9: 't', 10: 'n', 12: 'f', 13: 'r'}[c]
		switch {
		case short != 0:
			made = append(made, '\\', short)
		case c < 32:
			made = append(made, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			made = append(made, c)
		}
	}
	return string(append(made, '"'))
}

// utf16Before orders texts by their UTF-16 code units, as canonical JSON does.
func utf16Before(a, b string) bool {
	rank := func(c byte) int {
		if c >= 0xf0 {
			return int(c) - 2
		} else if c >= 0xee {
			return int(c) + 16
		}
		return int(c)
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			return rank(a[i]) < rank(b[i])
		}
	}
	return len(a) < len(b)
}
