// Package executor is the guest SDK: README.md has ten lines that work, docs/abi.md says what is underneath.
package executor

import "unsafe"

//go:wasmimport executor observe
func hostObserve(spec unsafe.Pointer, length uint32) int64

//go:wasmimport executor propose
func hostPropose(kind int32, bytes unsafe.Pointer, length uint32)

//go:wasmimport executor call
func hostCall(operation unsafe.Pointer, length uint32, request unsafe.Pointer, requestLength uint32) int64

//go:wasmimport executor read
func hostRead(destination unsafe.Pointer)

//go:wasmimport executor fail
func hostFail(bytes unsafe.Pointer, length uint32)

//go:wasmimport executor log
func hostLog(level int32, bytes unsafe.Pointer, length uint32)

//go:wasmimport wasi_snapshot_preview1 executor_set_time
func setTime(nanoseconds int64)

// flush logs what was printed and is not yet a line.
//
//go:wasmimport wasi_snapshot_preview1 executor_flush
func flush()

var nothing = make([]byte, 1)

func pointer(bytes []byte) unsafe.Pointer {
	if len(bytes) == 0 {
		return unsafe.Pointer(&nothing[0])
	}
	return unsafe.Pointer(&bytes[0])
}

// ended is where the run stops after what ended it: the host has taken the fuel.
func ended() {
	for {
	}
}

type answer struct {
	kind  int
	bytes []byte
}

func answerOf(packed int64) answer {
	bytes := make([]byte, uint32(packed))
	hostRead(pointer(bytes))
	return answer{int(packed >> 32), bytes}
}

func call(operation string, request []byte) answer {
	name := []byte(operation)
	return answerOf(hostCall(pointer(name), uint32(len(name)), pointer(request), uint32(len(request))))
}
