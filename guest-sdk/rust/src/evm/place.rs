//! Which chain, and which block of it.

use crate::calls::live;
use crate::canonical;
use crate::error::{Error, Result};
use crate::hex;
use crate::number::Decimal;
use crate::observe::observe;
use crate::strategy::{Median, Strategy};

/// A chain at a block.
#[derive(Debug, Clone, Default)]
pub struct Chain {
    id: Option<u64>,
    block: Option<Block>,
}

/// A block of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// By height.
    Number(u64),
    /// By hash.
    Hash([u8; 32]),
    /// The last final one; for `header` only.
    Finalized,
}

impl From<u64> for Block {
    fn from(number: u64) -> Self {
        Block::Number(number)
    }
}

impl From<[u8; 32]> for Block {
    fn from(hash: [u8; 32]) -> Self {
        Block::Hash(hash)
    }
}

impl Block {
    pub(crate) fn json(&self) -> String {
        match self {
            Block::Number(number) => number.to_string(),
            Block::Hash(hash) => canonical::string(&hex::encode(hash)),
            Block::Finalized => canonical::string("finalized"),
        }
    }
}

/// The request's home chain, at the request's own block.
pub fn here() -> Chain {
    Chain::default()
}

/// A chain that the manifest lists; the home chain among them.
pub fn chain(id: u64) -> Chain {
    Chain { id: Some(id), block: None }
}

/// A height of another chain to read at, agreed by an observation of its own: the median of the last final blocks.
#[track_caller]
pub fn agree_on_block(id: u64) -> Result<u64> {
    let strategy = Median.label(format!("block of chain {id}"));
    let height: Decimal = observe(strategy, || Ok(chain(id).at(Block::Finalized).header()?.number))?;
    height.scaled(0).to_u64().ok_or_else(|| Error::new(format!("block {height} is no block")))
}

impl Chain {
    /// At a block, by height or hash.
    pub fn at(mut self, block: impl Into<Block>) -> Self {
        self.block = Some(block.into());
        self
    }

    #[track_caller]
    pub(crate) fn ask(&self, operation: &str, mut members: Vec<(&'static str, String)>) -> Result<Vec<u8>> {
        members.extend(self.id.map(|id| ("chain", id.to_string())));
        members.extend(self.block.as_ref().map(|block| ("block", block.json())));
        live(operation, canonical::object_in_order(members).as_bytes())
    }
}
