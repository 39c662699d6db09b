package main

import (
	"strconv"
	"strings"

	"executor.local/guest/executor"
)

func shown(response executor.Response) string {
	return strconv.Itoa(response.Status) + " " + response.Text()
}

func wei(returned []byte) (string, error) {
	values, err := executor.Decode("uint256", returned)
	if err != nil {
		return "", err
	}
	return values[0].Unsigned().String(), nil
}

func calldata(holder string) []byte {
	address, err := executor.FromHex(holder)
	if err != nil {
		panic(err)
	}
	data, err := executor.Calldata("balanceOf(address)", executor.Bytes(address))
	if err != nil {
		panic(err)
	}
	return data
}

func balanceOf(place executor.Place, contract, holder string) (any, error) {
	returned, err := place.Call(contract, calldata(holder))
	if err != nil {
		return nil, err
	}
	return wei(returned)
}

func identically(look func(rest string) (any, error)) command {
	return under(executor.Identical, look)
}

func under(strategy executor.Strategy, look func(rest string) (any, error)) command {
	return func(rest []byte) ([]byte, error) {
		return agreed(strategy, func() (any, error) { return look(string(rest)) })
	}
}

var commands = map[string]command{
	"get": identically(func(url string) (any, error) {
		response, err := executor.Get(url)
		return shown(response), err
	}),
	"price": under(executor.Median, func(url string) (any, error) {
		response, err := executor.Get(url)
		if err != nil {
			return nil, err
		}
		if !response.OK() {
			return nil, executor.NewError("http-status", "no price")
		}
		document, err := response.JSON()
		if err != nil {
			return nil, err
		}
		price, err := document.Get("price")
		if err != nil {
			return nil, err
		}
		return price.Text()
	}),
	"header": identically(func(rest string) (any, error) {
		url, name, _ := strings.Cut(rest, " ")
		response, err := executor.Get(url)
		if err != nil {
			return nil, err
		}
		if value, ok := response.Header(name); ok {
			return value, nil
		}
		return "none", nil
	}),
	"post": identically(func(rest string) (any, error) {
		url, body, _ := strings.Cut(rest, "\n")
		headers := map[string]string{"content-type": "application/json", "x-tour": "1"}
		response, err := executor.Fetch(executor.Request{Method: "POST", URL: url, Headers: headers, Body: []byte(body)})
		return shown(response), err
	}),
	"many": identically(func(rest string) (any, error) {
		var requests []executor.Request
		for _, url := range lines(rest) {
			requests = append(requests, executor.Request{URL: url})
		}
		responses, err := executor.FetchMany(requests)
		var made []string
		for _, response := range responses {
			if response.Err != nil {
				made = append(made, "error "+executor.CodeOf(response.Err))
			} else {
				made = append(made, shown(response))
			}
		}
		return strings.Join(made, "\n"), err
	}),
	"outside": func(rest []byte) ([]byte, error) {
		response, err := executor.Get(string(rest))
		return text(shown(response), err)
	},
	"balance-of": identically(func(rest string) (any, error) {
		given := strings.Split(rest, " ")
		return balanceOf(executor.Place{}, given[0], given[1])
	}),
	"balance-at": identically(func(rest string) (any, error) {
		given := strings.Split(rest, " ")
		return balanceOf(executor.Place{Chain: int64(number(given[0])), Block: given[1]}, given[2], given[3])
	}),
	"balances-of": identically(func(rest string) (any, error) {
		given, data, made := strings.Split(rest, " "), [][]byte{}, []string{}
		for _, holder := range given[1:] {
			data = append(data, calldata(holder))
		}
		results, err := executor.Place{}.CallMany(given[0], data)
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			line := "reverted"
			if result.OK {
				if line, err = wei(result.Data); err != nil {
					return nil, err
				}
			}
			made = append(made, line)
		}
		return strings.Join(made, "\n"), nil
	}),
	"balance": identically(func(account string) (any, error) {
		found, err := executor.Place{}.Balance(account)
		return found, err
	}),
	"block": identically(func(block string) (any, error) {
		found, err := executor.Place{Block: block}.Header()
		return strings.Join([]string{found.Number, found.Hash, found.ParentHash, found.Timestamp, found.BaseFee.String()}, " "), err
	}),
	"final-block": under(executor.Median, func(chain string) (any, error) {
		found, err := executor.Place{Chain: int64(number(chain)), Block: "finalized"}.Header()
		return found.Number, err
	}),
	"logs": identically(func(rest string) (any, error) {
		given, made := strings.Split(rest, " "), []string{}
		logs, err := executor.Place{}.Logs(given[0], given[1], given[2])
		for _, log := range logs {
			made = append(made, strings.Join([]string{log.BlockNumber, log.Index, strconv.Itoa(len(log.Topics)), executor.Hex(log.Data)}, " "))
		}
		return strings.Join(made, "\n"), err
	}),
	"secret": identically(func(name string) (any, error) {
		value, err := executor.Secret(name)
		return value, err
	}),
	"private": identically(func(envelope string) (any, error) {
		value, err := executor.PrivateInput([]byte(envelope))
		return value, err
	}),
	"clock": under(executor.Median, func(string) (any, error) { return executor.LocalTime() }),
}
