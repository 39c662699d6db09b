package executor

// Hex is 0x and the digits of bytes.
func Hex(bytes []byte) string {
	const digits = "0123456789abcdef"
	text := make([]byte, 2, 2+2*len(bytes))
	text[0], text[1] = '0', 'x'
	for _, b := range bytes {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return string(text)
}

// FromHex gives the bytes of hex digits, with or without 0x.
func FromHex(text string) ([]byte, error) {
	if len(text) >= 2 && text[:2] == "0x" {
		text = text[2:]
	}
	bytes := make([]byte, len(text)/2)
	for i := 0; i < len(text); i++ {
		c, digit := text[i]|32, byte(16)
		if c >= '0' && c <= '9' {
			digit = c - '0'
		} else if c >= 'a' && c <= 'f' {
			digit = c - 'a' + 10
		}
		if digit == 16 || len(text)%2 != 0 {
			return nil, errorf("not a hex string")
		}
		bytes[i/2] = bytes[i/2]<<4 | digit
	}
	return bytes, nil
}
