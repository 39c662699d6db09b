//! Logs of contracts.

use super::place::{Block, Chain};
use super::signature::Signature;
use super::address;
use crate::abi::{self, Value};
use crate::calls::keccak256;
use crate::canonical;
use crate::error::{Error, Result};
use crate::hex;

const LOGS: &str = "(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]";

/// What to look for: `Logs::of(token)?.event("Transfer(address,address,uint256)")?.topic(Topic::Any)?`.
#[derive(Debug, Clone)]
pub struct Logs {
    addresses: Vec<String>,
    topics: Vec<String>,
    from_block: Option<u64>,
}

/// What may stand in one place of a log's topics.
#[derive(Debug, Clone)]
pub enum Topic {
    /// Anything.
    Any,
    /// One of these: 32 bytes, an address or an integer each.
    OneOf(Vec<Value>),
}

impl<T: Into<Value>> From<T> for Topic {
    fn from(value: T) -> Self {
        Topic::OneOf(vec![value.into()])
    }
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract, 0x hex.
    pub address: String,
    /// 0x hex.
    pub topics: Vec<String>,
    /// What is not indexed.
    pub data: Vec<u8>,
    /// Its block's height.
    pub block_number: u64,
    /// 0x hex.
    pub block_hash: String,
    /// 0x hex.
    pub transaction_hash: String,
    /// Its place in the block.
    pub index: u64,
}

impl Logs {
    /// Of a contract.
    #[track_caller]
    pub fn of(contract: impl Into<Value>) -> Result<Self> {
        Ok(Self { addresses: vec![address(&contract.into())?], topics: Vec::new(), from_block: None })
    }

    /// And of another one.
    #[track_caller]
    pub fn or(mut self, contract: impl Into<Value>) -> Result<Self> {
        self.addresses.push(address(&contract.into())?);
        Ok(self)
    }

    /// Whose next topic is an event's hash; it is the first one.
    #[track_caller]
    pub fn event(mut self, event: &str) -> Result<Self> {
        let name = Signature::parse(event)?.name;
        self.topics.push(canonical::array([canonical::string(&hex::encode(keccak256(name)))]));
        Ok(self)
    }

    /// Whose next topic is this.
    #[track_caller]
    pub fn topic(mut self, topic: impl Into<Topic>) -> Result<Self> {
        self.topics.push(match topic.into() {
            Topic::Any => "null".to_owned(),
            Topic::OneOf(values) => {
                let words = values.iter().map(|value| Ok(canonical::string(&word(value)?))).collect::<Result<Vec<_>>>();
                canonical::array(words?)
            }
        });
        Ok(self)
    }

    /// From this block on, up to the chain's.
    pub fn from_block(mut self, number: u64) -> Self {
        self.from_block = Some(number);
        self
    }
}

impl Chain {
    /// The logs of this block, or of all from `from_block` to it, in the chain's order.
    #[track_caller]
    pub fn logs(&self, wanted: &Logs) -> Result<Vec<Log>> {
        let addresses = canonical::array(wanted.addresses.iter().map(|each| canonical::string(each)));
        let mut asked = vec![("addresses", addresses), ("topics", canonical::array(&wanted.topics))];
        asked.extend(wanted.from_block.map(|number| ("from_block", Block::Number(number).json())));
        let answer = abi::decode(&[LOGS], self.ask("evm.logs", asked)?)?;
        answer[0].as_list()?.iter().map(|log| read(log.as_list()?)).collect()
    }
}

fn read(parts: &[Value]) -> Result<Log> {
    let word = |at: usize| Ok::<_, Error>(hex::encode(parts[at].as_bytes()?));
    Ok(Log {
        address: hex::encode(parts[0].as_address()?),
        topics: parts[1].as_list()?.iter().map(|topic| Ok(hex::encode(topic.as_bytes()?))).collect::<Result<_>>()?,
        data: parts[2].as_bytes()?.to_vec(),
        block_number: parts[3].as_u64()?,
        block_hash: word(4)?,
        transaction_hash: word(5)?,
        index: parts[6].as_u64()?,
    })
}

/// A word: 32 bytes, an address, or an integer.
#[track_caller]
fn word(value: &Value) -> Result<String> {
    let refused = || Error::new("a topic has 32 bytes, or 20 of an address, or is an integer");
    if let Value::Integer(number) = value {
        return number.to_word().filter(|_| !number.is_negative()).map(hex::encode).ok_or_else(refused);
    }
    let bytes = value.some_bytes().ok_or_else(refused)?;
    match bytes.len() {
        20 => Ok(hex::encode([&[0; 12], &bytes[..]].concat())),
        32 => Ok(hex::encode(bytes)),
        _ => Err(refused()),
    }
}
