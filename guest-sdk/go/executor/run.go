package executor

import (
	"strconv"
	"unicode/utf8"
	"unsafe"
)

const maxErrorBytes = 1024

var (
	kept    [][]byte // what the host writes to and reads from stays where it is
	user    func(input []byte) ([]byte, error)
	looking bool
)

// Main says what the function is; called once, in main's init.
func Main(function func(input []byte) ([]byte, error)) {
	user = function
}

//go:wasmexport alloc
func alloc(length uint32) unsafe.Pointer {
	bytes := make([]byte, length)
	kept = append(kept, bytes)
	return pointer(bytes)
}

//go:wasmexport run
func run(at unsafe.Pointer, length uint32) uint64 {
	output := returned(unsafe.Slice((*byte)(at), length))
	flush()
	kept = append(kept, output)
	return uint64(uintptr(pointer(output)))<<32 | uint64(len(output))
}

func returned(input []byte) []byte {
	defer func() {
		if panicked := recover(); panicked != nil {
			Fail(wordsOf(panicked) + place(stack()))
		}
	}()
	if user == nil {
		LogError("a function's init calls executor.Main") // so that every module imports the log, which the virtual WASI needs
		Fail("no function: call executor.Main in init")
	}
	if seconds, err := strconv.ParseInt(Context("block_timestamp"), 10, 64); err == nil {
		setTime(seconds * 1_000_000_000)
	}
	output, err := user(input)
	if err != nil {
		Fail(headline(err))
	}
	return output
}

func wordsOf(panicked any) string {
	switch value := panicked.(type) {
	case error:
		return "panic: " + value.Error()
	case string:
		return "panic: " + value
	}
	return "panic"
}

// Fail ends the run with this message, shortened to 1,024 bytes of whole characters.
func Fail(message string) {
	if message == "" {
		message = "failed"
	}
	bytes := []byte(message)
	length := min(len(bytes), maxErrorBytes)
	for length < len(bytes) && !utf8.RuneStart(bytes[length]) {
		length--
	}
	flush()
	hostFail(pointer(bytes), uint32(length))
	ended()
}

func log(level int32, text string) {
	flush()
	bytes := []byte(text)
	hostLog(level, pointer(bytes), uint32(len(bytes)))
}

// LogDebug and the others are for people, and in no digest. More than 1,000 lines or 64 KiB end the run.
func LogDebug(text string) { log(0, text) }
func LogInfo(text string)  { log(1, text) }
func LogWarn(text string)  { log(2, text) }
func LogError(text string) { log(3, text) }
