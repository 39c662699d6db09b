//! Solidity's type names, parsed.
const std = @import("std");
const ending = @import("ending.zig");

const deepest = 32;

pub const Type = union(enum) {
    uint: u32,
    int: u32,
    address,
    boolean,
    fixed: usize,
    bytes,
    string,
    array: struct { element: *const [1]Type, count: ?usize },
    tuple: []const Type,

    pub fn parse(text: []const u8) !Type {
        return parseAt(text, 0);
    }

    /// Whether a head holds an offset to it instead of itself.
    pub fn isDynamic(self: Type) bool {
        return switch (self) {
            .bytes, .string => true,
            .array => |array| array.count == null or array.element[0].isDynamic(),
            .tuple => |parts| for (parts) |part| {
                if (part.isDynamic()) break true;
            } else false,
            else => false,
        };
    }

    /// What it takes in a head, in bytes.
    pub fn size(self: Type) usize {
        if (self.isDynamic()) return 32;
        return switch (self) {
            .array => |array| array.count.? * array.element[0].size(),
            .tuple => |parts| {
                var sum: usize = 0;
                for (parts) |part| sum += part.size();
                return sum;
            },
            else => 32,
        };
    }
};

fn parseAt(text: []const u8, depth: usize) error{ OutOfMemory, Problem }!Type {
    if (depth > deepest) return ending.problem("the type is nested too deeply", .{});
    if (text.len > 0 and text[text.len - 1] == ']') {
        const open = std.mem.lastIndexOfScalar(u8, text, '[') orelse return unknown(text);
        const digits = text[open + 1 .. text.len - 1];
        const element = try ending.allocator.create([1]Type);
        element[0] = try parseAt(text[0..open], depth + 1);
        if (digits.len == 0) return .{ .array = .{ .element = element, .count = null } };
        const count = std.fmt.parseInt(u16, digits, 10) catch return unknown(text);
        return if (count > 0) .{ .array = .{ .element = element, .count = count } } else unknown(text);
    }
    if (text.len > 1 and text[0] == '(' and text[text.len - 1] == ')') {
        var parts: std.ArrayList(Type) = .empty;
        var rest = text[1 .. text.len - 1];
        if (rest.len == 0) return .{ .tuple = &.{} };
        while (true) {
            const end = comma(rest);
            try parts.append(ending.allocator, try parseAt(rest[0..end], depth + 1));
            if (end == rest.len) return .{ .tuple = parts.items };
            rest = rest[end + 1 ..];
        }
    }
    return elementary(text) orelse unknown(text);
}

/// The first comma that stands in no parentheses.
fn comma(text: []const u8) usize {
    var depth: i32 = 0;
    for (text, 0..) |byte, i| switch (byte) {
        '(' => depth += 1,
        ')' => depth -= 1,
        ',' => if (depth == 0) return i,
        else => {},
    };
    return text.len;
}

fn elementary(text: []const u8) ?Type {
    if (std.mem.eql(u8, text, "address")) return .address;
    if (std.mem.eql(u8, text, "bool")) return .boolean;
    if (std.mem.eql(u8, text, "bytes")) return .bytes;
    if (std.mem.eql(u8, text, "string")) return .string;
    if (std.mem.startsWith(u8, text, "uint")) return .{ .uint = width(text[4..], 8, 256) orelse return null };
    if (std.mem.startsWith(u8, text, "int")) return .{ .int = width(text[3..], 8, 256) orelse return null };
    if (std.mem.startsWith(u8, text, "bytes")) return .{ .fixed = width(text[5..], 1, null) orelse return null };
    return null;
}

fn width(digits: []const u8, unit: u32, otherwise: ?u32) ?u32 {
    if (digits.len == 0) return otherwise;
    if (digits[0] < '1' or digits[0] > '9') return null;
    const value = std.fmt.parseInt(u32, digits, 10) catch return null;
    return if (value % unit == 0 and value <= 32 * unit) value else null;
}

fn unknown(text: []const u8) error{Problem} {
    return ending.problem("unknown type \"{s}\"", .{text});
}
