//! What the request commits to besides its input: the same on every node. Read on first use.

use crate::calls::pure;
use crate::cell::Global;
use crate::error::{fail, Result};
use crate::json::Json;

/// Hashes and addresses are 0x hex in lower case.
#[derive(Debug, Clone)]
pub struct Context {
    /// Of this request alone.
    pub request_id: String,
    /// The home chain.
    pub chain_id: u64,
    /// The contract that took the request.
    pub router: String,
    /// Of the request among its sender's; 0 in a run that a trigger started, as are the next four of this kind.
    pub nonce: u64,
    /// The block the request is of.
    pub block_number: u64,
    /// That block's time, seconds since 1970.
    pub block_timestamp: u64,
    /// The hash of the block before it.
    pub parent_hash: String,
    /// Who asked.
    pub sender: String,
    /// Who pays.
    pub subscription: u64,
    /// This function.
    pub function_id: String,
    /// The committee's configuration.
    pub epoch: u64,
    /// What the consumer's callback may use.
    pub callback_gas_limit: u64,
    /// The contract that gets the output.
    pub consumer: String,
    /// "request", or the kind of the trigger: "log", "cron", "block", "http".
    pub trigger: String,
    /// The trigger's registration, where one started the run.
    pub registration: Option<String>,
}

static CONTEXT: Global<Option<Context>> = Global::new(None);

/// This run's.
pub fn context() -> &'static Context {
    let kept = unsafe { CONTEXT.get() };
    kept.get_or_insert_with(|| read().unwrap_or_else(|error| fail(error.headline())))
}

fn read() -> Result<Context> {
    let bytes = pure("input.context", &[])?;
    let json = Json::parse(core::str::from_utf8(&bytes)?)?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let number = |name: &str| json[name].as_u64();
    Ok(Context {
        request_id: text("request_id")?,
        chain_id: number("chain_id")?,
        router: text("router")?,
        nonce: number("nonce")?,
        block_number: number("block_number")?,
        block_timestamp: number("block_timestamp")?,
        parent_hash: text("parent_hash")?,
        sender: text("sender")?,
        subscription: number("subscription")?,
        function_id: text("function_id")?,
        epoch: number("epoch")?,
        callback_gas_limit: number("callback_gas_limit")?,
        consumer: text("consumer")?,
        trigger: text("trigger")?,
        registration: json.get("registration").map(|_| text("registration")).transpose()?,
    })
}
