package executor

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

type shape int

const (
	number shape = iota
	exact
	set
	list
	object
)

// Strategy says how q observations become one value.
type Strategy struct {
	aggregate string
	shape     shape
	names     []string
	parts     []Strategy
	label     *string
	fallback  *string
}

var (
	Median       = Strategy{aggregate: `"median"`}
	Min          = Strategy{aggregate: `"min"`}
	Max          = Strategy{aggregate: `"max"`}
	TrimmedMean  = Strategy{aggregate: `"trimmed-mean"`}
	Identical    = Strategy{aggregate: `"identical"`, shape: exact}
	Mode         = Strategy{aggregate: `"mode"`, shape: exact}
	Single       = Strategy{aggregate: `"single"`, shape: exact} // one node looks for all, and may tell anything
	Union        = Strategy{aggregate: `"union"`, shape: set}
	Intersection = Strategy{aggregate: `"intersection"`, shape: set}
	Frequency    = Strategy{aggregate: `"frequency"`, shape: set}
	CommonPrefix = Strategy{aggregate: `"common-prefix"`, shape: list}
	CommonSuffix = Strategy{aggregate: `"common-suffix"`, shape: list}
)

// Fields is several at once; a look gives a map of their names.
func Fields(parts map[string]Strategy) Strategy {
	made := Strategy{shape: object}
	for name := range parts {
		made.names = append(made.names, name)
	}
	slices.SortFunc(made.names, utf16Order)
	var members []string
	for _, name := range made.names {
		made.parts = append(made.parts, parts[name])
		members = append(members, quoted(name)+":"+parts[name].aggregate)
	}
	made.aggregate = `{"fields":{` + strings.Join(members, ",") + `}}`
	return made
}

func utf16Order(a, b string) int {
	if utf16Before(a, b) {
		return -1
	}
	if utf16Before(b, a) {
		return 1
	}
	return 0
}

// Label names the observation in receipts and logs; at most 64 characters.
func (s Strategy) Label(label string) Strategy {
	s.label = &label
	return s
}

// Default stands in for every agreed error.
func (s Strategy) Default(value string) Strategy {
	s.fallback = &value
	return s
}

func (s Strategy) spec() string {
	spec := `{"aggregate":` + s.aggregate
	if s.fallback != nil {
		spec += `,"default":` + quoted(*s.fallback)
	}
	if s.label != nil {
		spec += `,"label":` + quoted(*s.label)
	}
	return spec + "}"
}

// text is what is observed: a value that does not fit is the error bad-value.
func (s Strategy) text(value any) (string, error) {
	bad := NewError("bad-value", "not a value for "+s.aggregate)
	switch s.shape {
	case number, exact:
		text, ok := scalar(value)
		if !ok || s.shape == number && !IsDecimal(text) {
			return "", bad
		}
		return text, nil
	case object:
		members, ok := value.(map[string]any)
		if !ok || len(members) != len(s.names) {
			return "", bad
		}
		var made []string
		for i, name := range s.names {
			text, err := s.parts[i].text(members[name])
			if err != nil {
				return "", err
			}
			made = append(made, quoted(name)+":"+quoted(text))
		}
		return "{" + strings.Join(made, ",") + "}", nil
	}
	items, ok := value.([]string)
	if !ok {
		return "", bad
	}
	if s.shape == set {
		items = slices.Clone(items)
		slices.SortFunc(items, utf16Order)
		items = slices.Compact(items)
	}
	var made []string
	for _, item := range items {
		made = append(made, quoted(item))
	}
	return "[" + strings.Join(made, ",") + "]", nil
}

func scalar(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case []byte:
		return string(value), true
	case Decimal:
		return value.String(), true
	case *JSON:
		text, err := value.Text()
		return text, err == nil
	case int:
		return strconv.Itoa(value), true
	case int64:
		return strconv.FormatInt(value, 10), true
	case float64:
		if value == 0 {
			return "0", true
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return "", false
		}
		return strconv.FormatFloat(value, 'f', -1, 64), true
	}
	return "", false
}

// Agreed is what the committee agreed on.
type Agreed struct {
	Bytes     []byte
	IsDefault bool
}

func (a Agreed) Text() string { return string(a.Bytes) }

func (a Agreed) Decimal() (Decimal, error) { return ParseDecimal(string(a.Bytes)) }

// Items are those of a set or list; of fields and frequencies what the names have.
func (a Agreed) Items() []string {
	parsed, err := ParseJSON(a.Bytes)
	if err != nil {
		return nil
	}
	var items []string
	for _, item := range parsed.Items {
		items = append(items, item.text)
	}
	return items
}

// Names are those of fields and frequencies, in the order of Items.
func (a Agreed) Names() []string {
	parsed, err := ParseJSON(a.Bytes)
	if err != nil {
		return nil
	}
	return parsed.Names
}

// Observe gives the agreed value of what look sees on each node; look runs on a node that looks only. An agreed error
// is an *Error with its code. A look's value: a string, bytes, a number or Decimal, []string, map[string]any for Fields.
func Observe(strategy Strategy, look func() (any, error)) (Agreed, error) {
	spec := []byte(strategy.spec())
	flush()
	packed := hostObserve(pointer(spec), uint32(len(spec)))
	if packed == -1 {
		looking = true
		kind, seen := int32(0), ""
		value, err := looked(look)
		if err == nil {
			seen, err = strategy.text(value)
		}
		if err != nil {
			LogWarn("the observation failed: " + headline(err))
			kind, seen = 1, CodeOf(err)
		}
		bytes := []byte(seen)
		flush()
		hostPropose(kind, pointer(bytes), uint32(len(bytes)))
		ended()
	}
	got := answerOf(packed)
	if got.kind == 1 {
		code, _, _ := strings.Cut(string(got.bytes), ":")
		return Agreed{}, NewError(code, "agreed error: "+string(got.bytes))
	}
	return Agreed{got.bytes, got.kind == 2}, nil
}

func looked(look func() (any, error)) (value any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = errorf(wordsOf(panicked))
		}
	}()
	return look()
}
