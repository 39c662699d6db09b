use executor_guest::{abi, function, values, Decimal, Error, Input, Result};

function!(prices);

fn prices(input: Input) -> Result<Vec<u8>> {
    let json = input.json()?;
    let mut prices: Vec<Decimal> = json["rates"].items().iter().map(|rate| rate["price"].as_decimal()).collect::<Result<_>>()?;
    if prices.is_empty() {
        return Err(Error::new("there are no prices"));
    }
    prices.sort();
    abi::encode(&["uint256"], &values![prices[(prices.len() - 1) / 2].scaled(8)])
}
