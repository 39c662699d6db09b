package main

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"executor.local/guest/executor"
)

const shown = "(uint256,int256,address,bool,bytes4,bytes,string,int64[],(uint8,string)[])"

var roundings = []string{"trunc", "floor", "ceil", "half-up", "half-even", "exact"}

func decimal(rest []byte) ([]byte, error) {
	given := words(rest)
	a, err := executor.ParseDecimal(given[1])
	if err != nil {
		return nil, err
	}
	switch given[0] {
	case "text":
		return text(a.String(), nil)
	case "scaled", "rounded":
		rounding := executor.Rounding(slices.Index(roundings, given[3]))
		made, err := a.Rounded(number(given[2]), rounding)
		if given[0] == "scaled" {
			made, err = a.Scaled(number(given[2]), rounding)
		}
		return text(made.String(), err)
	}
	b, err := executor.ParseDecimal(given[2])
	if err != nil {
		return nil, err
	}
	switch given[0] {
	case "compare":
		return text(strconv.Itoa(a.Compare(b)), nil)
	case "add":
		return text(a.Add(b).String(), nil)
	case "sub":
		return text(a.Sub(b).String(), nil)
	}
	return text(a.Mul(b).String(), nil)
}

func integer(written string) executor.Value {
	parsed, err := executor.ParseDecimal(written)
	if err != nil {
		panic(err)
	}
	value, err := executor.Integer(parsed)
	if err != nil {
		panic(err)
	}
	return value
}

var commands = map[string]command{
	"decimal": decimal,
	"abi": func(rest []byte) ([]byte, error) {
		types, data, _ := bytes.Cut(rest, []byte("\n"))
		values, err := executor.Decode(string(types), data)
		if err != nil {
			return nil, err
		}
		return executor.Encode(string(types), values...)
	},
	"show": func(rest []byte) ([]byte, error) {
		v, err := executor.Decode(shown, rest)
		if err != nil {
			return nil, err
		}
		var list, pairs []string
		for _, item := range v[7].Items {
			list = append(list, item.Signed().String())
		}
		for _, item := range v[8].Items {
			pairs = append(pairs, item.Items[0].Unsigned().String()+":"+string(item.Items[1].Bytes))
		}
		return text(strings.Join([]string{
			v[0].Unsigned().String(), v[1].Signed().String(), executor.Hex(v[2].Bytes), strconv.FormatBool(v[3].IsTrue()),
			executor.Hex(v[4].Bytes), executor.Hex(v[5].Bytes), string(v[6].Bytes), strings.Join(list, ","), strings.Join(pairs, ","),
		}, "\n"), nil)
	},
	"make": func([]byte) ([]byte, error) {
		address, err := executor.FromHex("0xd8da6bf26964af9d7eed9e03e53415d37aa96045")
		if err != nil {
			return nil, err
		}
		many := make([]byte, 33)
		for i := range many {
			many[i] = byte(i)
		}
		return executor.Encode(shown,
			integer("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
			integer("-57896044618658097711785492504343953926634992332820282019728792003956564819968"),
			executor.Bytes(address), executor.Bool(true), executor.Bytes([]byte{1, 2, 3, 4}), executor.Bytes(many), executor.Text("naïve 😀"),
			executor.Items(executor.Int(1), executor.Int(-2), executor.Int(math.MaxInt64), executor.Int(math.MinInt64)),
			executor.Items(
				executor.Items(executor.Int(7), executor.Text("seven")), executor.Items(executor.Int(0), executor.Text("")),
			))
	},
}
