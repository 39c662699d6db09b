use executor_guest::{context, fail, function, hex, keccak256, log, observe, random, time};
use executor_guest::{Context, Error, Input, Json, Median, Result};

function!(basics);

fn basics(input: Input) -> Result<Vec<u8>> {
    let (command, rest) = split(&input);
    let text = || core::str::from_utf8(rest);
    match command {
        b"echo" => Ok(rest.to_vec()),
        b"nothing" => Ok(Vec::new()),
        b"fail" => fail(text()?),
        b"trap" => core::arch::wasm32::unreachable(),
        b"spin" => loop {},
        b"recurse" => Ok(vec![deeper(0) as u8]),
        b"memory" => Ok(take_all()),
        b"context" => Ok(lines(context()).into_bytes()),
        b"identity" => Ok(format!("{} {}", context().request_id, context().function_id).into_bytes()),
        b"log" => {
            for level in [log::debug, log::info, log::warn, log::error] {
                level(text()?);
            }
            Ok(Vec::new())
        }
        b"log-many" => {
            let numbers = numbers(text()?)?;
            for _ in 0..numbers[0] {
                log::info("x".repeat(numbers[1]));
            }
            Ok(b"done".to_vec())
        }
        b"keccak" => Ok(keccak256(rest).to_vec()),
        b"json" => Ok(Json::parse(text()?)?.at("data.rates[1].price")?.as_str()?.as_bytes().to_vec()),
        b"draw" => {
            let mut draws = Vec::new();
            for _ in 0..text()?.parse()? {
                draws.extend(random::draw()?);
            }
            Ok(draws)
        }
        b"draw-observe" => {
            random::draw()?;
            Ok(observe(Median, || Ok(1))?.to_string().into_bytes())
        }
        b"below" | b"below-64" | b"bytes" | b"sample" | b"shuffle" => chosen(command, text()?),
        b"time" => Ok(time::now().to_string().into_bytes()),
        _ => Err(Error::new("unknown command")),
    }
}

fn chosen(command: &[u8], text: &str) -> Result<Vec<u8>> {
    let (seed, rest) = text.split_once(' ').unwrap_or_default();
    let seed: [u8; 32] = hex::decode(seed)?.try_into().map_err(|_| Error::new("a seed has 32 bytes"))?;
    let mut stream = random::Stream::new(seed);
    if command == b"shuffle" {
        let mut words: Vec<&str> = rest.split(' ').collect();
        stream.shuffle(&mut words);
        return Ok(words.join(" ").into_bytes());
    }
    if command == b"below-64" {
        let limits = rest.split(' ').map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
        let made: Vec<String> = limits.iter().map(|&n| stream.below(n).to_string()).collect();
        return Ok(made.join(" ").into_bytes());
    }
    let numbers = numbers(rest)?;
    let made: Vec<u64> = match command {
        b"bytes" => return Ok(stream.bytes(numbers[0])),
        b"sample" => stream.sample_below(numbers[0] as u64, numbers[1]),
        _ => (0..numbers[0]).flat_map(|_| &numbers[1..]).map(|&n| stream.below(n as u64)).collect(),
    };
    Ok(made.iter().map(u64::to_string).collect::<Vec<_>>().join(" ").into_bytes())
}

fn numbers(text: &str) -> Result<Vec<usize>> {
    Ok(text.split(' ').map(str::parse).collect::<Result<_, _>>()?)
}

#[allow(unconditional_recursion)] // on purpose
fn deeper(depth: u32) -> u32 {
    let below = deeper(depth + 1);
    below ^ unsafe { core::ptr::read_volatile(&depth) } // the compiler does not know what is read
}

fn take_all() -> Vec<u8> {
    let mut kept = Vec::new();
    loop {
        let mut piece = vec![kept.len() as u8 + 1; 1 << 20];
        unsafe { core::ptr::write_volatile(&mut piece[0], 1) };
        kept.push(piece);
    }
}

fn lines(context: &Context) -> String {
    [
        format!("chain_id={}", context.chain_id),
        format!("router={}", context.router),
        format!("nonce={}", context.nonce),
        format!("block_number={}", context.block_number),
        format!("block_timestamp={}", context.block_timestamp),
        format!("parent_hash={}", context.parent_hash),
        format!("sender={}", context.sender),
        format!("subscription={}", context.subscription),
        format!("epoch={}", context.epoch),
        format!("callback_gas_limit={}", context.callback_gas_limit),
        format!("consumer={}", context.consumer),
        format!("trigger={}", context.trigger),
    ]
    .join("\n")
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
