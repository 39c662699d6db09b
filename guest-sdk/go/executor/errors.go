package executor

import "errors"

// Error has a stable code, 1 to 64 of [a-z0-9-]: a capability's, an agreed one, or a look's own.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Message }

// NewError is an error of one's own; returned from a look its code is observed.
func NewError(code, message string) error { return &Error{code, message} }

// CodeOf is the code of an error, "threw" if it has none.
func CodeOf(err error) string {
	var coded *Error
	if errors.As(err, &coded) && isCode(coded.Code) {
		return coded.Code
	}
	return "threw"
}

func isCode(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= 64
}

func errorf(text string) error { return errors.New(text) }
