//! Solidity's ABI by type names: uintN, intN, address, bool, bytes, bytesN, string, T[], T[k], (T1,T2).
//!
//!     const bytes = try abi.encode("(uint256,string)", .{ price, "one" });
//!     const values = (try abi.decode("(uint256,string)", bytes)).list;
//!
//! Decoding is strict: offsets and lengths stay inside the data, padding is zero, numbers fit their types, text is UTF-8.
const std = @import("std");
const ending = @import("ending.zig");
const hex = @import("hex.zig");
const Decimal = @import("decimal.zig").Decimal;
const Type = @import("abi_type.zig").Type;

const gpa = ending.allocator;

/// A value. Integers are words, big-endian and sign-extended; addresses are 20 bytes; tuples are lists.
pub const Value = union(enum) {
    word: [32]u8,
    bytes: []const u8,
    list: []const Value,

    /// Of integers, decimals without fraction, bools, bytes and texts, arrays and tuples of these.
    pub fn of(value: anytype) !Value {
        const T = @TypeOf(value);
        if (T == Value) return value;
        if (T == Decimal) return .{ .word = try wordOf(value) };
        return switch (@typeInfo(T)) {
            .int, .comptime_int => .{ .word = try wordOf(try Decimal.of(value)) },
            .bool => .{ .word = wordOfSize(@intFromBool(value)) },
            .@"struct" => {
                const names = comptime std.meta.fieldNames(T);
                const parts = try gpa.alloc(Value, names.len);
                inline for (names, 0..) |name, i| parts[i] = try of(@field(value, name));
                return .{ .list = parts };
            },
            .array => |facts| if (facts.child == u8) .{ .bytes = try gpa.dupe(u8, &value) } else ofItems(&value),
            .pointer => |facts| switch (facts.size) {
                .one => of(value.*),
                else => if (facts.child == u8) .{ .bytes = value } else ofItems(value),
            },
            else => @compileError("no ABI value can be made of " ++ @typeName(T)),
        };
    }

    fn ofItems(values: anytype) !Value {
        const items = try gpa.alloc(Value, values.len);
        for (items, values) |*item, value| item.* = try of(value);
        return .{ .list = items };
    }

    /// The number that a word is.
    pub fn unsigned(self: Value) !Decimal {
        return Decimal.of(std.mem.readInt(u256, &self.word, .big));
    }

    /// The number that a word of intN is.
    pub fn signed(self: Value) !Decimal {
        return Decimal.of(std.mem.readInt(i256, &self.word, .big));
    }

    pub fn isTrue(self: Value) bool {
        return self.word[31] == 1;
    }
};

fn wordOf(value: Decimal) ![32]u8 {
    const units = (try value.scaledWith(0, .exact)).units;
    var word: [32]u8 = undefined;
    if (units.toInt(u256)) |number| {
        std.mem.writeInt(u256, &word, number, .big);
    } else |_| {
        const number = units.toInt(i256) catch return ending.problem("a number does not fit 256 bits", .{});
        std.mem.writeInt(i256, &word, number, .big);
    }
    return word;
}

fn wordOfSize(size: usize) [32]u8 {
    var word: [32]u8 = undefined;
    std.mem.writeInt(u256, &word, size, .big);
    return word;
}

/// abi.encode of a tuple's values, such as "(uint256,string)" and .{ 1, "one" }.
pub fn encode(tuple: []const u8, values: anytype) ![]const u8 {
    var out: std.ArrayList(u8) = .empty;
    try write(&out, try Type.parse(tuple), try Value.of(values));
    return out.items;
}

fn write(out: *std.ArrayList(u8), of: Type, value: Value) error{ OutOfMemory, Problem }!void {
    switch (of) {
        .tuple => |parts| try sequence(out, parts, 1, parts.len, value),
        .array => |array| {
            if (value != .list) return misfit();
            if (array.count == null) try out.appendSlice(gpa, &wordOfSize(value.list.len));
            try sequence(out, array.element[0..1], 0, array.count orelse value.list.len, value);
        },
        .bytes, .string => {
            if (value != .bytes) return misfit();
            try out.appendSlice(gpa, &wordOfSize(value.bytes.len));
            try padded(out, value.bytes);
        },
        .fixed => |width| {
            if (value != .bytes or value.bytes.len != width) return misfit();
            try padded(out, value.bytes);
        },
        .address => {
            if (value != .bytes or value.bytes.len != 20) return misfit();
            try out.appendNTimes(gpa, 0, 12);
            try out.appendSlice(gpa, value.bytes);
        },
        .uint, .int, .boolean => {
            if (value != .word or !fits(of, value.word)) return misfit();
            try out.appendSlice(gpa, &value.word);
        },
    }
}

/// Heads, then tails. With a step of 0 all items have the first type.
fn sequence(out: *std.ArrayList(u8), parts: []const Type, step: usize, count: usize, value: Value) !void {
    if (value != .list or value.list.len != count) return misfit();
    var offset: usize = 0;
    for (0..count) |i| offset += parts[i * step].size();
    var tails: std.ArrayList(u8) = .empty;
    for (value.list, 0..) |item, i| {
        if (parts[i * step].isDynamic()) {
            try out.appendSlice(gpa, &wordOfSize(offset + tails.items.len));
            try write(&tails, parts[i * step], item);
        } else {
            try write(out, parts[i * step], item);
        }
    }
    try out.appendSlice(gpa, tails.items);
}

fn padded(out: *std.ArrayList(u8), bytes: []const u8) !void {
    try out.appendSlice(gpa, bytes);
    try out.appendNTimes(gpa, 0, (32 - bytes.len % 32) % 32);
}

fn misfit() error{Problem} {
    return ending.problem("a value does not fit its type", .{});
}

/// Whether a word is one of this type.
fn fits(of: Type, word: [32]u8) bool {
    const number = std.mem.readInt(u256, &word, .big);
    return switch (of) {
        .boolean => number < 2,
        .uint => |bits| bits == 256 or number >> @intCast(bits) == 0,
        .int => |bits| {
            const sign_extended = std.mem.readInt(i256, &word, .big) >> @intCast(bits - 1);
            return sign_extended == 0 or sign_extended == -1;
        },
        else => false,
    };
}

/// abi.decode of a tuple's values.
pub fn decode(tuple: []const u8, data: []const u8) !Value {
    return read(try Type.parse(tuple), data, 0);
}

fn read(of: Type, data: []const u8, at: usize) error{ OutOfMemory, Problem }!Value {
    switch (of) {
        .tuple => |parts| return readItems(parts, 1, parts.len, data, at),
        .array => |array| {
            const base = if (array.count == null) at + 32 else at;
            const count = array.count orelse try small(data, at);
            if (base > data.len or count > (data.len - base) / array.element[0].size()) return malformed();
            return readItems(array.element[0..1], 0, count, data, base);
        },
        .bytes, .string => {
            const len = try small(data, at);
            const found = try take(data, at + 32, len);
            try zeros(try take(data, at + 32 + len, (32 - len % 32) % 32));
            if (of == .string and !std.unicode.utf8ValidateSlice(found)) return malformed();
            return .{ .bytes = found };
        },
        .fixed => |width| {
            const word = try take(data, at, 32);
            try zeros(word[width..]);
            return .{ .bytes = word[0..width] };
        },
        .address => {
            const word = try take(data, at, 32);
            try zeros(word[0..12]);
            return .{ .bytes = word[12..] };
        },
        .uint, .int, .boolean => {
            const word: [32]u8 = (try take(data, at, 32))[0..32].*;
            return if (fits(of, word)) .{ .word = word } else malformed();
        },
    }
}

/// Heads stand one after the other from base; offsets count from base.
fn readItems(parts: []const Type, step: usize, count: usize, data: []const u8, base: usize) !Value {
    const found = try gpa.alloc(Value, count);
    var at = base;
    for (found, 0..) |*item, i| {
        const part = parts[i * step];
        item.* = try read(part, data, if (part.isDynamic()) base + try small(data, at) else at);
        at += part.size();
    }
    return .{ .list = found };
}

fn take(data: []const u8, at: usize, len: usize) ![]const u8 {
    if (at > data.len or len > data.len - at) return malformed();
    return data[at..][0..len];
}

/// An offset or length: what leaves the data is refused before anything is made of it.
fn small(data: []const u8, at: usize) !usize {
    const number = std.mem.readInt(u256, (try take(data, at, 32))[0..32], .big);
    return if (number <= data.len) @intCast(number) else malformed();
}

fn zeros(padding: []const u8) !void {
    for (padding) |byte| if (byte != 0) return malformed();
}

fn malformed() error{Problem} {
    return ending.problem("the data do not fit their types", .{});
}
