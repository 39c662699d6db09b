package main

import (
	"errors"
	"slices"

	"executor.local/guest/executor"
)

func median(input []byte) ([]byte, error) {
	document, err := executor.ParseJSON(input)
	if err != nil {
		return nil, err
	}
	rates, err := document.Get("rates")
	if err != nil {
		return nil, err
	}
	var prices []executor.Decimal
	for _, rate := range rates.Items {
		price, err := rate.Get("price")
		if err != nil {
			return nil, err
		}
		written, err := price.Text()
		if err != nil {
			return nil, err
		}
		parsed, err := executor.ParseDecimal(written)
		if err != nil {
			return nil, err
		}
		prices = append(prices, parsed)
	}
	if len(prices) == 0 {
		return nil, errors.New("there are no prices")
	}
	slices.SortFunc(prices, executor.Decimal.Compare)
	scaled, err := prices[(len(prices)-1)/2].Scaled(8, executor.Trunc)
	if err != nil {
		return nil, err
	}
	value, err := executor.Integer(scaled)
	return value.Bytes, err
}

func init() { executor.Main(median) }

func main() {}
