// Modules of the conformance suite: a command, a line feed, the rest.
package main

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"executor.local/guest/executor"
)

type command func(rest []byte) ([]byte, error)

func init() {
	executor.Main(func(input []byte) ([]byte, error) {
		name, rest, _ := bytes.Cut(input, []byte("\n"))
		if run, ok := commands[string(name)]; ok {
			return run(rest)
		}
		return nil, errors.New("unknown command")
	})
}

func main() {}

//go:wasmimport wasi_snapshot_preview1 executor_trap
func trap()

func words(rest []byte) []string { return strings.Split(string(rest), " ") }

func number(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return number
}

func text(text string, err error) ([]byte, error) { return []byte(text), err }

func agreed(strategy executor.Strategy, look func() (any, error)) ([]byte, error) {
	value, err := executor.Observe(strategy, look)
	return value.Bytes, err
}

func lines(text string) []string {
	if text == "" {
		return []string{}
	}
	return strings.Split(text, "\n")
}
