package main

import (
	"errors"
	"strconv"
	"strings"

	"executor.local/guest/executor"
)

var keys = strings.Fields(`chain_id router nonce block_number block_timestamp parent_hash sender subscription epoch
	callback_gas_limit consumer trigger`)

var kept [][]byte

func deeper(depth int) int {
	if depth < 0 {
		return depth
	}
	return deeper(depth+1)*3 + depth
}

func streamOf(seed string) *executor.Stream {
	bytes, err := executor.FromHex(seed)
	if err != nil {
		panic(err)
	}
	stream, err := executor.NewStream(bytes)
	if err != nil {
		panic(err)
	}
	return stream
}

var commands = map[string]command{
	"echo":    func(rest []byte) ([]byte, error) { return rest, nil },
	"nothing": func([]byte) ([]byte, error) { return nil, nil },
	"fail":    func(rest []byte) ([]byte, error) { return nil, errors.New(string(rest)) },
	"trap": func([]byte) ([]byte, error) {
		trap()
		return nil, nil
	},
	"spin": func([]byte) ([]byte, error) {
		for {
		}
	},
	"recurse": func([]byte) ([]byte, error) { return text(strconv.Itoa(deeper(0)), nil) },
	"memory": func([]byte) ([]byte, error) {
		for {
			piece := make([]byte, 1<<20)
			piece[0] = 1
			kept = append(kept, piece)
		}
	},
	"context": func([]byte) ([]byte, error) {
		var made []string
		for _, key := range keys {
			made = append(made, key+"="+executor.Context(key))
		}
		return text(strings.Join(made, "\n"), nil)
	},
	"identity": func([]byte) ([]byte, error) {
		return text(executor.Context("request_id")+" "+executor.Context("function_id"), nil)
	},
	"log": func(rest []byte) ([]byte, error) {
		executor.LogDebug(string(rest))
		executor.LogInfo(string(rest))
		executor.LogWarn(string(rest))
		executor.LogError(string(rest))
		return nil, nil
	},
	"log-many": func(rest []byte) ([]byte, error) {
		line := strings.Repeat("x", number(words(rest)[1]))
		for range number(words(rest)[0]) {
			executor.LogInfo(line)
		}
		return text("done", nil)
	},
	"keccak": func(rest []byte) ([]byte, error) { return executor.Keccak256(rest), nil },
	"json": func(rest []byte) ([]byte, error) {
		document, err := executor.ParseJSON(rest)
		if err != nil {
			return nil, err
		}
		price, err := document.At("data", "rates", 1, "price")
		if err != nil {
			return nil, err
		}
		return text(price.Text())
	},
	"draw": func(rest []byte) ([]byte, error) {
		var drawn []byte
		for range number(string(rest)) {
			drawn = append(drawn, executor.Draw()...)
		}
		return drawn, nil
	},
	"draw-observe": func([]byte) ([]byte, error) {
		executor.Draw()
		return agreed(executor.Median, func() (any, error) { return 1, nil })
	},
	"below": func(rest []byte) ([]byte, error) {
		given, made := words(rest), []string{}
		stream := streamOf(given[0])
		for range number(given[1]) {
			for _, limit := range given[2:] {
				made = append(made, strconv.FormatUint(stream.Below(uint64(number(limit))), 10))
			}
		}
		return text(strings.Join(made, " "), nil)
	},
	"below-64": func(rest []byte) ([]byte, error) {
		given, made := words(rest), []string{}
		stream := streamOf(given[0])
		for _, limit := range given[1:] {
			n, err := strconv.ParseUint(limit, 10, 64)
			if err != nil {
				return nil, err
			}
			made = append(made, strconv.FormatUint(stream.Below(n), 10))
		}
		return text(strings.Join(made, " "), nil)
	},
	"shuffle": func(rest []byte) ([]byte, error) {
		given := words(rest)
		list := given[1:]
		streamOf(given[0]).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return text(strings.Join(list, " "), nil)
	},
	"bytes": func(rest []byte) ([]byte, error) { return streamOf(words(rest)[0]).Bytes(number(words(rest)[1])), nil },
	"sample": func(rest []byte) ([]byte, error) {
		given, made := words(rest), []string{}
		sample, err := streamOf(given[0]).Sample(number(given[1]), number(given[2]))
		for _, item := range sample {
			made = append(made, strconv.Itoa(item))
		}
		return text(strings.Join(made, " "), err)
	},
	"time": func([]byte) ([]byte, error) { return text(strconv.FormatInt(executor.Now(), 10), nil) },
}
