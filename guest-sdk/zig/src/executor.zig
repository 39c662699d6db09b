//! Functions for the executor, in Zig: README.md has ten lines that work, docs/abi.md says what is underneath.
//!
//! Memory comes from `allocator` and need not be given back: a run is short and its instance is thrown away.
pub const allocator = ending.allocator;
pub const abi = @import("abi.zig");
pub const Context = @import("context.zig").Context;
pub const context = @import("context.zig").context;
pub const Decimal = @import("decimal.zig").Decimal;
pub const Rounding = @import("decimal.zig").Rounding;
pub const ending = @import("ending.zig");
pub const evm = @import("evm.zig");
pub const hex = @import("hex.zig");
pub const http = @import("http.zig");
pub const json = @import("json.zig");
pub const log = @import("log.zig");
pub const random = @import("random.zig");

const observing = @import("observe.zig");
pub const observe = observing.observe;
pub const last = observing.last;
pub const Strategy = observing.Strategy;

const calls = @import("calls.zig");
pub const keccak256 = calls.keccak256;
pub const secret = calls.secret;
pub const privateInput = calls.privateInput;
pub const localTime = calls.localTime;

pub const fail = ending.fail;
pub const withCode = ending.withCode;
pub const problem = ending.problem;
pub const code = ending.code;
