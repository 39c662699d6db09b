//! The one way to the world: look for yourself, let the committee agree.

use crate::cell::Global;
use crate::error::{Error, Result};
use crate::observable::Observable;
use crate::strategy::Strategy;
use crate::{calls, imports, log};

const ERROR: u32 = 1;
const DEFAULT: u32 = 2;

/// How an observation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With a value.
    Value,
    /// With an agreed error.
    Error,
    /// With an agreed error, for which the default stands in.
    Default,
}

static LAST: Global<Option<Ended>> = Global::new(None);

/// The agreed value of what `look` sees on each node. It runs only on a node that is looking; in agreed runs the value
/// comes from the transcript. An agreed error is an error here, unless the strategy has a default.
#[track_caller]
pub fn observe<S, V, F>(strategy: S, look: F) -> Result<S::Agreed>
where
    S: Strategy,
    V: Observable,
    F: FnOnce() -> Result<V>,
{
    let spec = strategy.spec()?;
    let (kind, bytes) = match imports::observe(&spec) {
        Some(answer) => answer,
        None => {
            calls::begin_look();
            propose(look().and_then(|value| strategy.encode(value.observed())))
        }
    };
    unsafe {
        *LAST.get() = Some(match kind {
            ERROR => Ended::Error,
            DEFAULT => Ended::Default,
            _ => Ended::Value,
        });
    }
    if kind == ERROR {
        return Err(Error::observation(strategy.label_text(), &String::from_utf8_lossy(&bytes)));
    }
    strategy.decode(bytes)
}

/// How the latest observation of this run ended.
pub fn last_observation() -> Option<Ended> {
    unsafe { *LAST.get() }
}

fn propose(proposal: Result<Vec<u8>>) -> ! {
    match proposal {
        Ok(value) => imports::propose(0, &value),
        Err(error) => {
            log::warn(["the observation failed: ", &error.headline()].concat());
            imports::propose(1, error.code().as_bytes())
        }
    }
}
