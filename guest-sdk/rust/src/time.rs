//! Two times: the request's own, which is agreed already, and what the nodes' clocks show, which must be agreed on.

use crate::calls::live;
use crate::context::context;
use crate::error::{Error, Result};
use crate::number::Decimal;
use crate::observe::observe;
use crate::strategy::Median;

/// The request's block timestamp in seconds: the same on every node, and the past.
pub fn now() -> u64 {
    context().block_timestamp
}

/// What this node's clock shows, in seconds with three decimals, as text for `Median`. Only inside a look.
#[track_caller]
pub fn local() -> Result<String> {
    String::from_utf8(live("time.now", &[])?).map_err(|_| Error::new("the bytes are not UTF-8"))
}

/// The middle one of the nodes' clocks, an observation of its own. (With options: `observe(Median.label("now"), time::local)`.)
#[track_caller]
pub fn observed() -> Result<Decimal> {
    observe(Median, local)
}
