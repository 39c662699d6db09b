use executor_guest::{fields, function, last_observation, observe, record};
use executor_guest::{CommonPrefix, CommonSuffix, Ended, Error, Frequency, Identical, Input, Intersection, Max, Median};
use executor_guest::{Min, Mode, Result, Single, Strategy, TrimmedMean, Union};

function!(observations);

fn observations(input: Input) -> Result<Vec<u8>> {
    let (command, rest) = split(&input);
    let text = || core::str::from_utf8(rest);
    let shown = match command {
        b"observe" => {
            let (name, text) = split(rest);
            observed(name, core::str::from_utf8(text)?)?
        }
        b"bytes" => return Ok(observe(Identical, || Ok(rest))?.into_vec()),
        b"label" => {
            let words: Vec<&str> = text()?.split(' ').collect();
            let agreed = observe(Median.label(words[0]).or(words[1]), || failing(words[2]))?;
            let kind = match last_observation() {
                Some(Ended::Default) => "default",
                _ => "value",
            };
            format!("{kind} {agreed}")
        }
        b"catch" => match observe(Median, || Ok(text()?)) {
            Ok(agreed) => format!("agreed {agreed}"),
            Err(error) => format!("caught {}", error.code()),
        },
        b"sequence" => {
            let first = observe(Median, || Ok(1))?;
            let second = observe(Median, || Ok(&first + &1.into()))?;
            let third = observe(Identical, || Ok(format!("{first},{second}")))?;
            format!("{first} {second} {}", third.text()?)
        }
        b"nested" => observe(Median, || observe(Median, || Ok(1)))?.to_string(),
        b"code" => observe(Median, || failing(text()?))?.to_string(),
        b"throws" => observe(Median, || Ok(None::<u8>.expect("nothing").to_string()))?.to_string(),
        b"traps" => observe(Median, || -> Result<u32> { core::arch::wasm32::unreachable() })?.to_string(),
        b"spins" => observe(Median, || -> Result<u32> { loop {} })?.to_string(),
        b"number" => observe(Median, || Ok(0.1 + 0.2))?.to_string(),
        b"numbers" => {
            for number in [1e21, -1.5e-7, 5e-324, 9007199254740992.0, -0.0, 100.0] {
                observe(Median, || Ok(number))?;
            }
            "done".to_owned()
        }
        _ => return Err(Error::new("unknown command")),
    };
    Ok(shown.into_bytes())
}

fn observed(strategy: &[u8], text: &str) -> Result<String> {
    let same = || Ok(text);
    let lines = || Ok(if text.is_empty() { Vec::new() } else { text.split('\n').collect::<Vec<_>>() });
    Ok(match strategy {
        b"median" => observe(Median, same)?.to_string(),
        b"min" => observe(Min, same)?.to_string(),
        b"max" => observe(Max, same)?.to_string(),
        b"trimmed-mean" => observe(TrimmedMean, same)?.to_string(),
        b"identical" => observe(Identical, same)?.text()?.to_owned(),
        b"mode" => observe(Mode, same)?.text()?.to_owned(),
        b"single" => observe(Single, same)?.text()?.to_owned(),
        b"union" => observe(Union, lines)?.join("\n"),
        b"intersection" => observe(Intersection, lines)?.join("\n"),
        b"frequency" => {
            let counts = observe(Frequency, lines)?;
            counts.iter().map(|(item, count)| format!("{item}={count}")).collect::<Vec<_>>().join("\n")
        }
        b"common-prefix" => observe(CommonPrefix, lines)?.join("\n"),
        b"common-suffix" => observe(CommonSuffix, lines)?.join("\n"),
        b"fields" => {
            let agreed = observe(fields! { "price": Median, "venue": Mode }, || {
                let (price, venue) = text.split_once(' ').unwrap_or((text, ""));
                Ok(record! { "price": price, "venue": venue })
            })?;
            format!("{} {}", agreed.decimal("price")?, agreed.text("venue")?)
        }
        _ => return Err(Error::new("unknown strategy")),
    })
}

fn failing(code: &str) -> Result<u32> {
    Err(Error::with_code(code, "the look fails"))
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}
