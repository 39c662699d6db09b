//! Log lines: kept beside the outcome for people, in no digest. The host ends a run that logs too much, so lines are
//! cut to 4 KiB, and after 900 of them or 48 KiB the rest is dropped.

use crate::cell::Global;
use crate::error::cut;
use crate::imports;

const LINE: usize = 4_096;

struct Budget {
    lines: usize,
    bytes: usize,
}

static BUDGET: Global<Budget> = Global::new(Budget { lines: 900, bytes: 48 * 1_024 });

/// For who debugs.
pub fn debug(text: impl AsRef<str>) {
    line(0, text.as_ref())
}

/// What happened.
pub fn info(text: impl AsRef<str>) {
    line(1, text.as_ref())
}

/// What is not as it should be.
pub fn warn(text: impl AsRef<str>) {
    line(2, text.as_ref())
}

/// What went wrong.
pub fn error(text: impl AsRef<str>) {
    line(3, text.as_ref())
}

fn line(level: u32, text: &str) {
    let budget = unsafe { BUDGET.get() };
    let text = cut(text, LINE);
    if budget.lines > 1 && text.len() <= budget.bytes {
        budget.lines -= 1;
        budget.bytes -= text.len();
        imports::log(level, text);
    } else if budget.lines > 0 {
        budget.lines = 0;
        imports::log(2, "(further lines are dropped)");
    }
}

/// The last line of a run, whatever was logged before.
pub(crate) fn beyond_budget(text: &str) {
    imports::log(3, cut(text, LINE));
}
