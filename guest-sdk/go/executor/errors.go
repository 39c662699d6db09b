package executor

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
)

const frames = 32 // of the stack that an error keeps: enough to get out of this package

// Error has a stable code, 1 to 64 of [a-z0-9-]: a capability's, an agreed one, or a look's own. It knows where in the
// user's source it was made.
type Error struct {
	Code    string
	Message string
	stack   []uintptr
}

func (e *Error) Error() string { return e.Message }

// NewError is an error of one's own; returned from a look its code is observed.
func NewError(code, message string) error { return &Error{code, message, stack()} }

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

func errorf(text string) error { return &Error{"", text, stack()} }

// headline is an error's words, with the place where one of this package was made.
func headline(err error) string {
	var placed *Error
	if errors.As(err, &placed) {
		return err.Error() + place(placed.stack)
	}
	return err.Error()
}

func stack() []uintptr {
	var counters [frames]uintptr
	return counters[:runtime.Callers(2, counters[:])]
}

// place is " (src/price.go:12)" of the innermost function of package main, nothing where there is none.
func place(stack []uintptr) string {
	if len(stack) == 0 {
		return ""
	}
	called := runtime.CallersFrames(stack)
	for {
		frame, more := called.Next()
		if strings.HasPrefix(frame.Function, "main.") {
			_, file, _ := strings.Cut(frame.File, "/") // behind the module's name
			return " (" + file + ":" + strconv.Itoa(frame.Line) + ")"
		}
		if !more {
			return ""
		}
	}
}
