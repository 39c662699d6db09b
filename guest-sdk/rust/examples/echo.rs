//! Gives its input back.
use executor_guest::{function, log, Input};

function!(echo);

fn echo(input: Input) -> Input {
    log::info("echo");
    input
}
