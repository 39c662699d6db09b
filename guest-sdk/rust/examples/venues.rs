//! Two prices at once, the better venue by name, and a winner drawn among the input's lines: `PRICE VENUE WINNER`.
use executor_guest::http::{self, Request};
use executor_guest::{fields, function, log, observe, random, record, Decimal, Error, Input, Median, Mode, Result};

function!(venues);

const URLS: [&str; 2] = ["http://exchange-a.test/price?pair=ETH-USD", "http://exchange-b.test/ticker"];

fn venues(input: Input) -> Result<String> {
    let agreed = observe(fields! { "price": Median, "venue": Mode }, || {
        let answers = http::fetch_many(URLS.map(|url| Request::get(url).header("accept", "application/json")))?;
        let mut best: Option<(Decimal, &str)> = None;
        for (answer, venue) in answers.into_iter().zip(["a", "b"]) {
            match answer.and_then(|reply| reply.json()?.at("price")?.as_decimal()) {
                Ok(price) if best.as_ref().map_or(true, |(known, _)| price > *known) => best = Some((price, venue)),
                Ok(_) => {}
                Err(error) => log::warn(format!("{venue}: {error}")),
            }
        }
        let (price, venue) = best.ok_or_else(|| Error::with_code("no-price", "no venue has a price"))?;
        Ok(record! { "price": price, "venue": venue })
    })?;
    let names: Vec<&str> = input.text()?.lines().collect();
    let winner = if names.is_empty() { "nobody" } else { random::sample(&names, 1)?[0] };
    Ok(format!("{} {} {winner}", agreed.decimal("price")?, agreed.text("venue")?))
}
