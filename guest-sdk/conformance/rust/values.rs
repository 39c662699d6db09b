use executor_guest::abi::Value;
use executor_guest::{abi, function, hex, values, Decimal, Error, Input, Integer, Result, Rounding};

function!(run_values);

const SHOWN: [&str; 9] =
    ["uint256", "int256", "address", "bool", "bytes4", "bytes", "string", "int64[]", "(uint8,string)[]"];

fn run_values(input: Input) -> Result<Vec<u8>> {
    let (command, rest) = split(&input);
    match command {
        b"decimal" => Ok(decimal(&core::str::from_utf8(rest)?.split(' ').collect::<Vec<_>>())?.into_bytes()),
        b"abi" => {
            let (signature, data) = split(rest);
            let signature = core::str::from_utf8(signature)?;
            let types = parts(&signature[1..signature.len() - 1]);
            abi::encode(&types, &abi::decode(&types, data)?)
        }
        b"show" => Ok(show(&abi::decode(&SHOWN, rest)?)?.into_bytes()),
        b"make" => abi::encode(&SHOWN, &made()?),
        _ => Err(Error::new("unknown command")),
    }
}

fn decimal(words: &[&str]) -> Result<String> {
    let a = Decimal::parse(words[1])?;
    let b = || Decimal::parse(words[2]);
    let how = || Ok::<_, Error>((words[2].parse::<u32>()?, rounding(words[3])?));
    Ok(match words[0] {
        "text" => a.to_string(),
        "scaled" => {
            let (places, rounding) = how()?;
            a.scaled_with(places, rounding)?.to_string()
        }
        "rounded" => {
            let (places, rounding) = how()?;
            a.rounded_with(places, rounding)?.to_string()
        }
        "compare" => (a.cmp(&b()?) as i8).to_string(),
        "add" => (a + b()?).to_string(),
        "sub" => (a - b()?).to_string(),
        "mul" => (a * b()?).to_string(),
        _ => return Err(Error::new("unknown operation")),
    })
}

fn rounding(name: &str) -> Result<Rounding> {
    Ok(match name {
        "trunc" => Rounding::Trunc,
        "floor" => Rounding::Floor,
        "ceil" => Rounding::Ceil,
        "half-up" => Rounding::HalfUp,
        "half-even" => Rounding::HalfEven,
        "exact" => Rounding::Exact,
        _ => return Err(Error::new("unknown rounding")),
    })
}

fn show(values: &[Value]) -> Result<String> {
    let list = values[7].as_list()?.iter().map(|item| Ok(item.as_integer()?.to_string()));
    let pairs = values[8].as_list()?.iter().map(|pair| {
        let pair = pair.as_list()?;
        Ok(format!("{}:{}", pair[0].as_integer()?, pair[1].as_str()?))
    });
    let lines = [
        values[0].as_integer()?.to_string(),
        values[1].as_integer()?.to_string(),
        hex::encode(values[2].as_address()?),
        values[3].as_bool()?.to_string(),
        hex::encode(values[4].as_bytes()?),
        hex::encode(values[5].as_bytes()?),
        values[6].as_str()?.to_owned(),
        list.collect::<Result<Vec<_>>>()?.join(","),
        pairs.collect::<Result<Vec<_>>>()?.join(","),
    ];
    Ok(lines.join("\n"))
}

fn made() -> Result<[Value; 9]> {
    let largest = Integer::from_be_bytes(&[255; 32]);
    let smallest = Integer::parse("-57896044618658097711785492504343953926634992332820282019728792003956564819968")?;
    let bytes: Vec<u8> = (0..33).collect();
    let list: Vec<Value> = [1, -2, i64::MAX, i64::MIN].into_iter().map(Value::from).collect();
    let pairs = [Value::from(values![7, "seven"]), Value::from(values![0, ""])];
    let account = "0xd8da6bf26964af9d7eed9e03e53415d37aa96045";
    Ok(values![largest, smallest, account, true, [1u8, 2, 3, 4], bytes, "naïve 😀", list, pairs])
}

/// "uint256,(bool,bytes)[]" at its outer commas.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let outer = move |letter: char| {
        depth += (letter == '(') as i32 - (letter == ')') as i32;
        letter == ',' && depth == 0
    };
    text.split(outer).collect()
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
