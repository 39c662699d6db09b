//! EVM chains from inside a look, at explicit blocks; the wire format is docs/wire.md §10. Nothing here writes.
const std = @import("std");
const abi = @import("abi.zig");
const calls = @import("calls.zig");
const ending = @import("ending.zig");
const hex = @import("hex.zig");
const json = @import("json.zig");
const observing = @import("observe.zig");
const Decimal = @import("decimal.zig").Decimal;

/// A block of a chain.
pub const Block = union(enum) { own, number: u64, hash: [32]u8, finalized };

/// Where to read: by default the request's home chain, at the request's own block.
pub const Place = struct {
    chain: ?u64 = null,
    block: Block = .own,

    fn ask(self: Place, operation: []const u8, members: []const u8) ![]const u8 {
        var request = members;
        if (self.chain) |id| request = try with(request, "\"chain\":{d}", .{id});
        switch (self.block) {
            .own => {},
            .number => |number| request = try with(request, "\"block\":{d}", .{number}),
            .hash => |hash| request = try with(request, "\"block\":\"{s}\"", .{hex.encode(&hash)}),
            .finalized => request = try with(request, "\"block\":\"finalized\"", .{}),
        }
        return calls.live(operation, ending.join(&.{ "{", request, "}" }));
    }
};

fn with(members: []const u8, comptime format: []const u8, values: anytype) ![]const u8 {
    const member = try std.fmt.allocPrint(ending.allocator, format, values);
    return ending.join(&.{ members, if (members.len > 0) "," else "", member });
}

/// A view of a contract: "balanceOf(address)(uint256)" and its arguments, a tuple of Zig's.
pub const Call = struct {
    contract: []const u8,
    data: []const u8,
    outputs: []const u8,

    pub fn of(contract: []const u8, signature: []const u8, arguments: anytype) !Call {
        const open = std.mem.indexOfScalar(u8, signature, '(') orelse return wrong(signature);
        const inputs_end = open + (closing(signature[open..]) orelse return wrong(signature));
        const outputs = signature[inputs_end..];
        const selector = calls.keccak256(signature[0..inputs_end]);
        const encoded = try abi.encode(signature[open..inputs_end], arguments);
        return .{ .contract = contract, .data = ending.join(&.{ selector[0..4], encoded }), .outputs = outputs };
    }

    fn json_text(self: Call) []const u8 {
        return ending.join(&.{ "\"to\":\"", hex.encode(self.contract), "\",\"data\":\"", hex.encode(self.data), "\"" });
    }

    fn read(self: Call, returned: []const u8) ![]const abi.Value {
        if (self.outputs.len == 0) return &.{};
        if (returned.len == 0) return ending.withCode("evm-empty", "there is no such contract");
        return (try abi.decode(self.outputs, returned)).list;
    }
};

/// How long the parentheses at the beginning are.
fn closing(text: []const u8) ?usize {
    var depth: i32 = 0;
    for (text, 0..) |byte, i| switch (byte) {
        '(' => depth += 1,
        ')' => {
            depth -= 1;
            if (depth == 0) return i + 1;
        },
        else => {},
    };
    return null;
}

fn wrong(signature: []const u8) error{Problem} {
    return ending.problem("a signature is such as \"balanceOf(address)(uint256)\", not \"{s}\"", .{signature});
}

/// What a contract's view returns: its outputs. A revert is the error code evm-reverted.
pub fn call(place: Place, view: Call) ![]const abi.Value {
    return view.read(try place.ask("evm.call", view.json_text()));
}

/// Many views at one block, in order; null for one that reverted.
pub fn callMany(place: Place, views: []const Call) ![]const ?[]const abi.Value {
    var asked: []const u8 = "\"calls\":[";
    for (views, 0..) |view, i| asked = ending.join(&.{ asked, if (i > 0) ",{" else "{", view.json_text(), "}" });
    const answer = try place.ask("evm.call_many", ending.join(&.{ asked, "]" }));
    const results = (try abi.decode("((bool,bytes)[])", answer)).list[0].list;
    if (results.len != views.len) return ending.problem("evm.call_many answered another number of calls", .{});
    const outcomes = try ending.allocator.alloc(?[]const abi.Value, views.len);
    for (outcomes, results, views) |*outcome, result, view| {
        outcome.* = if (result.list[0].isTrue()) try view.read(result.list[1].bytes) else null;
    }
    return outcomes;
}

/// An account's balance in wei.
pub fn balance(place: Place, account: []const u8) !Decimal {
    const asked = ending.join(&.{ "\"address\":\"", hex.encode(account), "\"" });
    return (try abi.decode("(uint256)", try place.ask("evm.balance", asked))).list[0].unsigned();
}

pub const Header = struct { number: Decimal, hash: []const u8, parent_hash: []const u8, timestamp: Decimal, base_fee: Decimal };

/// The block itself; only here it may be `.finalized`. Hashes are 32 bytes.
pub fn header(place: Place) !Header {
    const answer = try place.ask("evm.block", "");
    const values = (try abi.decode("(uint256,bytes32,bytes32,uint256,uint256)", answer)).list;
    return .{
        .number = try values[0].unsigned(),
        .hash = values[1].bytes,
        .parent_hash = values[2].bytes,
        .timestamp = try values[3].unsigned(),
        .base_fee = try values[4].unsigned(),
    };
}

pub const Log = struct {
    address: []const u8,
    topics: []const abi.Value,
    data: []const u8,
    block_number: Decimal,
    block_hash: []const u8,
    transaction_hash: []const u8,
    index: Decimal,
};

/// The logs of a contract's event, "Transfer(address,address,uint256)", from a block to the place's.
pub fn logs(place: Place, contract: []const u8, from_block: u64, event: []const u8) ![]const Log {
    const asked = try std.fmt.allocPrint(ending.allocator, "\"addresses\":[\"{s}\"],\"topics\":[[\"{s}\"]],\"from_block\":{d}", .{
        hex.encode(contract), hex.encode(&calls.keccak256(event)), from_block,
    });
    const answer = try place.ask("evm.logs", asked);
    const found = (try abi.decode("((address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[])", answer)).list[0].list;
    const made = try ending.allocator.alloc(Log, found.len);
    for (made, found) |*log, parts| log.* = .{
        .address = parts.list[0].bytes,
        .topics = parts.list[1].list,
        .data = parts.list[2].bytes,
        .block_number = try parts.list[3].unsigned(),
        .block_hash = parts.list[4].bytes,
        .transaction_hash = parts.list[5].bytes,
        .index = try parts.list[6].unsigned(),
    };
    return made;
}

fn finalNumber(chain: u64) !Decimal {
    return (try header(.{ .chain = chain, .block = .finalized })).number;
}

/// A height of another chain to read at, agreed by an observation of its own: the median of the last final blocks.
pub fn agreeOnBlock(chain: u64) !u64 {
    const label = try std.fmt.allocPrint(ending.allocator, "block of chain {d}", .{chain});
    const height = try observing.observe(.median, .{ .label = label }, finalNumber, .{chain});
    return (try height.scaled(0)).units.toInt(u64) catch ending.problem("there is no such block", .{});
}
