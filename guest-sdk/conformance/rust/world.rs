use executor_guest::evm::{self, Call, Logs, Outcome};
use executor_guest::http::{self, Request, Response};
use executor_guest::{function, hex, observe, private_input, secrets, time, values};
use executor_guest::{Error, Identical, Input, Median, Result};

function!(world);

const BALANCE_OF: &str = "balanceOf(address)(uint256)";

fn world(input: Input) -> Result<Vec<u8>> {
    let (command, bytes) = split(&input);
    let rest = core::str::from_utf8(bytes).unwrap_or_default();
    let words: Vec<&str> = rest.split(' ').collect();
    let balance = |holder: &str, contract: &str| Call::new(contract, BALANCE_OF, &values![holder]);
    let median = match command {
        b"price" => observe(Median, || {
            let response = http::get(rest)?;
            if !response.ok() {
                return Err(Error::with_code("http-status", "no price"));
            }
            response.json()?.at("price")
        })?,
        b"final-block" => observe(Median, || Ok(evm::chain(rest.parse()?).at(evm::Block::Finalized).header()?.number))?,
        b"clock" => observe(Median, time::local)?,
        b"outside" => return Ok(shown(&http::get(rest)?).into_bytes()),
        _ => {
            let agreed = observe(Identical, || {
                Ok(match command {
                    b"get" => shown(&http::get(rest)?),
                    b"header" => http::get(words[0])?.header(words[1]).unwrap_or("none").to_owned(),
                    b"post" => shown(&http::fetch(post(rest))?),
                    b"many" => many(rest)?,
                    b"balance-of" => evm::call(&balance(words[1], words[0])?)?.as_integer()?.to_string(),
                    b"balance-at" => {
                        let place = evm::chain(words[0].parse()?).at(words[1].parse::<u64>()?);
                        place.call(&balance(words[3], words[2])?)?.as_integer()?.to_string()
                    }
                    b"balances-of" => {
                        let calls = words[1..].iter().map(|holder| balance(holder, words[0])).collect::<Result<Vec<_>>>()?;
                        evm::here().call_many(&calls)?.iter().map(outcome).collect::<Result<Vec<_>>>()?.join("\n")
                    }
                    b"balance" => evm::here().balance(rest)?.to_string(),
                    b"block" => header(&evm::here().at(rest.parse::<u64>()?).header()?),
                    b"logs" => logs(&words)?,
                    b"secret" => secrets::get(rest)?,
                    b"private" => private_input(bytes)?.text()?.to_owned(),
                    _ => return Err(Error::new("unknown command")),
                })
            })?;
            return Ok(agreed.into_vec());
        }
    };
    Ok(median.to_string().into_bytes())
}

fn shown(response: &Response) -> String {
    format!("{} {}", response.status, response.text())
}

fn post(rest: &str) -> Request {
    let (url, body) = rest.split_once('\n').unwrap_or((rest, ""));
    Request::post(url).header("content-type", "application/json").header("x-tour", "1").body(body)
}

fn many(rest: &str) -> Result<String> {
    let line = |answer: &Result<Response>| match answer {
        Ok(response) => shown(response),
        Err(error) => format!("error {}", error.code()),
    };
    Ok(http::fetch_many(rest.split('\n'))?.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn outcome(outcome: &Outcome) -> Result<String> {
    match outcome {
        Outcome::Returned(value) => Ok(value.as_integer()?.to_string()),
        Outcome::Reverted(_) => Ok("reverted".to_owned()),
    }
}

fn header(block: &evm::Header) -> String {
    format!("{} {} {} {} {}", block.number, block.hash, block.parent_hash, block.timestamp, block.base_fee)
}

fn logs(words: &[&str]) -> Result<String> {
    let wanted = Logs::of(words[0])?.from_block(words[1].parse()?).event(words[2])?;
    let line = |log: &evm::Log| {
        format!("{} {} {} {}", log.block_number, log.index, log.topics.len(), hex::encode(&log.data))
    };
    Ok(evm::here().logs(&wanted)?.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
