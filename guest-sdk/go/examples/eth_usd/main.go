package main

import "executor.local/guest/executor"

func init() { executor.Main(ethUSD) }

func main() {}

func ethUSD([]byte) ([]byte, error) {
	agreed, err := executor.Observe(executor.Median, look)
	if err != nil {
		return nil, err
	}
	price, err := agreed.Decimal()
	if err != nil {
		return nil, err
	}
	scaled, err := price.Scaled(8, executor.Trunc)
	if err != nil {
		return nil, err
	}
	number, err := executor.Integer(scaled)
	if err != nil {
		return nil, err
	}
	return executor.Encode("uint256", number)
}

func look() (any, error) {
	response, err := executor.Get("https://api.example.com/eth-usd")
	if err != nil {
		return nil, err
	}
	document, err := response.JSON()
	if err != nil {
		return nil, err
	}
	return document.At("price")
}
