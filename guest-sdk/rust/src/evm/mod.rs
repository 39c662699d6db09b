//! EVM chains from inside a look, at explicit blocks; the wire format is docs/wire.md §10. Nothing here writes.

mod logs;
mod place;
mod signature;

pub use logs::{Log, Logs, Topic};
pub use place::{agree_on_block, chain, here, Block, Chain};

use crate::abi::{self, Type, Value};
use crate::calls::keccak256;
use crate::canonical;
use crate::error::{Error, Result};
use crate::hex;
use crate::number::Integer;
use signature::Signature;

/// A view of a contract: where, what is sent, and how the answer is read.
#[derive(Debug, Clone)]
pub struct Call {
    to: String,
    data: Vec<u8>,
    signature: Option<Signature>,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned: one output alone, several as a list, raw calls their bytes.
    Returned(Value),
    /// It reverted, with these bytes.
    Reverted(Vec<u8>),
}

/// A block's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its height.
    pub number: u64,
    /// 0x hex.
    pub hash: String,
    /// 0x hex.
    pub parent_hash: String,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// In wei.
    pub base_fee: Integer,
}

impl Call {
    /// `Call::new("0x…", "balanceOf(address)(uint256)", &values![owner])?`
    #[track_caller]
    pub fn new(to: impl Into<Value>, abi: &str, arguments: &[Value]) -> Result<Self> {
        let signature = Signature::parse(abi)?;
        let mut data = keccak256(&signature.name)[..4].to_vec();
        data.extend_from_slice(&abi::encode_of(&signature.inputs, arguments)?);
        Ok(Self { to: address(&to.into())?, data, signature: Some(signature) })
    }

    /// With calldata of one's own; what it returns is bytes.
    #[track_caller]
    pub fn raw(to: impl Into<Value>, data: impl Into<Vec<u8>>) -> Result<Self> {
        Ok(Self { to: address(&to.into())?, data: data.into(), signature: None })
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        vec![("to", canonical::string(&self.to)), ("data", canonical::string(&hex::encode(&self.data)))]
    }

    /// What it returned, decoded.
    #[track_caller]
    fn read(&self, returned: Vec<u8>) -> Result<Value> {
        let signature = match &self.signature {
            None => return Ok(Value::Bytes(returned)),
            Some(signature) => signature,
        };
        if signature.outputs.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        if returned.is_empty() {
            let what = [signature.name.as_str(), " of ", &self.to].concat(); // no contract there, or not this one
            return Err(Error::capability(&what, "evm-empty".to_owned()));
        }
        let names: Vec<String> = signature.outputs.iter().map(Type::name).collect();
        let mut values = abi::decode(&names, returned)?;
        match values.len() {
            1 => Ok(values.remove(0)),
            _ => Ok(Value::List(values)),
        }
    }
}

/// Reads at the request's own block of the home chain; elsewhere: `chain(8453).at(block)`.
#[track_caller]
pub fn call(call: &Call) -> Result<Value> {
    here().call(call)
}

impl Chain {
    /// What a contract's view returns: one output alone, several as a list.
    #[track_caller]
    pub fn call(&self, call: &Call) -> Result<Value> {
        call.read(self.ask("evm.call", call.members())?)
    }

    /// Many views at one block, in order.
    #[track_caller]
    pub fn call_many(&self, calls: &[Call]) -> Result<Vec<Outcome>> {
        let asked = canonical::array(calls.iter().map(|call| canonical::object_in_order(call.members())));
        let answer = abi::decode(&["(bool,bytes)[]"], self.ask("evm.call_many", vec![("calls", asked)])?)?;
        let results = answer[0].as_list()?;
        if results.len() != calls.len() {
            return Err(Error::new("evm.call_many answered another number of calls"));
        }
        let mut outcomes = Vec::with_capacity(calls.len());
        for (result, call) in results.iter().zip(calls) {
            let (succeeded, data) = match result.as_list()? {
                [succeeded, data] => (succeeded.as_bool()?, data.as_bytes()?.to_vec()),
                _ => return Err(Error::new("a result has two parts")),
            };
            outcomes.push(if succeeded { Outcome::Returned(call.read(data)?) } else { Outcome::Reverted(data) });
        }
        Ok(outcomes)
    }

    /// An account's balance in wei.
    #[track_caller]
    pub fn balance(&self, account: impl Into<Value>) -> Result<Integer> {
        let asked = vec![("address", canonical::string(&address(&account.into())?))];
        Ok(abi::decode(&["uint256"], self.ask("evm.balance", asked)?)?[0].as_integer()?.clone())
    }

    /// The block itself; only here it may be `Block::Finalized`.
    #[track_caller]
    pub fn header(&self) -> Result<Header> {
        let answer = self.ask("evm.block", Vec::new())?;
        let values = abi::decode(&["uint256", "bytes32", "bytes32", "uint256", "uint256"], answer)?;
        Ok(Header {
            number: values[0].as_u64()?,
            hash: hex::encode(values[1].as_bytes()?),
            parent_hash: hex::encode(values[2].as_bytes()?),
            timestamp: values[3].as_u64()?,
            base_fee: values[4].as_integer()?.clone(),
        })
    }
}

/// 0x and 40 digits of an address in any of its forms.
#[track_caller]
pub(crate) fn address(value: &Value) -> Result<String> {
    match value.some_bytes() {
        Some(bytes) if bytes.len() == 20 => Ok(hex::encode(bytes)),
        _ => Err(Error::new(["an address is 20 bytes, or 0x and 40 hex digits, not ", value.kind()].concat())),
    }
}
