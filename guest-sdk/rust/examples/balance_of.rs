//! A token's balance at the request's block, and the request's time: abi.encode(uint256, uint64). Input: token, owner.
use executor_guest::evm::{self, Call};
use executor_guest::{abi, function, observe, time, values, Error, Input, Integer, Median, Result, Strategy};

function!(balance_of);

fn balance_of(input: Input) -> Result<Vec<u8>> {
    if input.len() != 40 {
        return Err(Error::new("the input is 20 bytes of a token and 20 of an owner"));
    }
    let (token, owner) = input.split_at(20);
    let call = Call::new(token, "balanceOf(address)(uint256)", &values![owner])?;
    let balance = observe(Median.label("balance"), || Ok(evm::call(&call)?.as_integer()?.clone()))?;
    let balance: Integer = balance.to_integer()?;
    abi::encode(&["uint256", "uint64"], &values![balance, time::now()])
}
