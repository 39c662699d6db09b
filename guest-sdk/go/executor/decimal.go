package executor

import "strconv"

const (
	maxDigits = 78 // what is agreed on has at most as many
	maxScale  = 1100
)

// Rounding: Trunc towards zero, HalfUp away from zero; Exact is an error where a digit would be lost.
type Rounding int

const (
	Trunc Rounding = iota
	Floor
	Ceil
	HalfUp
	HalfEven
	Exact
)

// Decimal is exact and of any length. Zeros at the end are kept; zero has no sign.
type Decimal struct {
	negative bool
	digits   []byte // 0 to 9, the most significant first
	scale    int    // how many stand after the point
}

// IsDecimal tells decimals of the protocol: -?(0|[1-9][0-9]*)(\.[0-9]+)?, of at most 78 digits.
func IsDecimal(text string) bool {
	i := 0
	if i < len(text) && text[i] == '-' {
		i++
	}
	count := func() int {
		start := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i - start
	}
	zero := i < len(text) && text[i] == '0'
	whole, fraction := count(), 0
	if whole == 0 || zero && whole > 1 {
		return false
	}
	if i < len(text) {
		if text[i] != '.' {
			return false
		}
		i++
		if fraction = count(); fraction == 0 {
			return false
		}
	}
	return i == len(text) && whole+fraction <= maxDigits
}

// ParseDecimal takes decimals of the protocol.
func ParseDecimal(text string) (Decimal, error) {
	if !IsDecimal(text) {
		return Decimal{}, errorf("not a decimal")
	}
	made := Decimal{negative: text[0] == '-'}
	after := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '.':
			after = true
		case c != '-':
			made.digits = append(made.digits, c-'0')
			if after {
				made.scale++
			}
		}
	}
	return made.tidy(), nil
}

// DecimalOfInt is a whole number.
func DecimalOfInt(number int64) Decimal {
	made, _ := ParseDecimal(strconv.FormatInt(number, 10))
	return made
}

func (d Decimal) tidy() Decimal {
	for len(d.digits) > d.scale+1 && d.digits[0] == 0 {
		d.digits = d.digits[1:]
	}
	if len(d.digits) < d.scale+1 {
		d.digits = append(make([]byte, d.scale+1-len(d.digits)), d.digits...)
	}
	zero := true
	for _, digit := range d.digits {
		zero = zero && digit == 0
	}
	d.negative = d.negative && !zero
	return d
}

// widened is a copy of the digits, at least so many before the point and after it.
func (d Decimal) widened(whole, scale int) []byte {
	own := len(d.digits) - d.scale
	before := max(whole, own)
	made := make([]byte, before+max(scale, d.scale))
	copy(made[before-own:], d.digits)
	return made
}

func order(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			if a[i] < b[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

func (d Decimal) Add(other Decimal) Decimal {
	scale := max(d.scale, other.scale)
	whole := max(len(d.digits)-d.scale, len(other.digits)-other.scale) + 1
	large, small := d.widened(whole, scale), other.widened(whole, scale)
	same, negative := d.negative == other.negative, d.negative
	if !same && order(large, small) < 0 {
		large, small, negative = small, large, other.negative
	}
	carry := 0
	for i := len(large) - 1; i >= 0; i-- {
		digit := int(large[i]) - int(small[i]) - carry
		if same {
			digit = int(large[i]) + int(small[i]) + carry
		}
		carry = 0
		if digit > 9 || digit < 0 {
			carry = 1
		}
		large[i] = byte((digit + 10) % 10)
	}
	return Decimal{negative, large, scale}.tidy()
}

func (d Decimal) Sub(other Decimal) Decimal { return d.Add(other.Negated()) }

func (d Decimal) Mul(other Decimal) Decimal {
	made := make([]byte, len(d.digits)+len(other.digits))
	for i := len(d.digits) - 1; i >= 0; i-- {
		carry := 0
		for j := len(other.digits) - 1; j >= 0; j-- {
			carry += int(made[i+j+1]) + int(d.digits[i])*int(other.digits[j])
			made[i+j+1] = byte(carry % 10)
			carry /= 10
		}
		made[i] = byte(carry)
	}
	return Decimal{d.negative != other.negative, made, d.scale + other.scale}.tidy()
}

func (d Decimal) Negated() Decimal {
	d.negative = !d.negative
	return d.tidy()
}

// Compare gives -1, 0 or 1, by value: 1.0 and 1 are equal.
func (d Decimal) Compare(other Decimal) int {
	if d.negative != other.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	scale := max(d.scale, other.scale)
	whole := max(len(d.digits)-d.scale, len(other.digits)-other.scale)
	found := order(d.widened(whole, scale), other.widened(whole, scale))
	if d.negative {
		return -found
	}
	return found
}

// Rounded has exactly so many digits after the point.
func (d Decimal) Rounded(places int, rounding Rounding) (Decimal, error) {
	if places < 0 || places > maxScale {
		return Decimal{}, errorf("places must be 0 to 1100")
	}
	if places >= d.scale {
		return Decimal{d.negative, d.widened(0, places), places}.tidy(), nil
	}
	lost := d.scale - places
	wide := d.widened(len(d.digits)-d.scale+1, d.scale)
	kept, cut := wide[:len(wide)-lost], wide[len(wide)-lost:]
	rest := false
	for _, digit := range cut[1:] {
		rest = rest || digit != 0
	}
	away := false
	if cut[0] != 0 || rest {
		switch rounding {
		case Exact:
			return Decimal{}, errorf("digits of a decimal would be lost")
		case Floor:
			away = d.negative
		case Ceil:
			away = !d.negative
		case HalfUp:
			away = cut[0] >= 5
		case HalfEven:
			away = cut[0] > 5 || cut[0] == 5 && (rest || kept[len(kept)-1]%2 == 1)
		}
	}
	for i := len(kept) - 1; away && i >= 0; i-- {
		away = kept[i] == 9
		kept[i] = (kept[i] + 1) % 10
	}
	return Decimal{d.negative, kept, places}.tidy(), nil
}

// Scaled is times 10^places, as an integer.
func (d Decimal) Scaled(places int, rounding Rounding) (Decimal, error) {
	made, err := d.Rounded(places, rounding)
	made.scale = 0
	return made.tidy(), err
}

// String is plain notation.
func (d Decimal) String() string {
	var text []byte
	if d.negative {
		text = append(text, '-')
	}
	for i, digit := range d.digits {
		if d.scale > 0 && i == len(d.digits)-d.scale {
			text = append(text, '.')
		}
		text = append(text, '0'+digit)
	}
	return string(text)
}
