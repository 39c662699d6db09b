//! Hexadecimal text: 0x and lower case when written; with or without 0x, of any case, when read.
const std = @import("std");
const ending = @import("ending.zig");

pub fn encode(bytes: []const u8) []const u8 {
    const text = ending.allocator.alloc(u8, 2 + 2 * bytes.len) catch ending.fail("out of memory");
    text[0..2].* = "0x".*;
    for (bytes, 0..) |byte, i| {
        text[2 + 2 * i] = "0123456789abcdef"[byte >> 4];
        text[3 + 2 * i] = "0123456789abcdef"[byte & 15];
    }
    return text;
}

pub fn decode(text: []const u8) ![]const u8 {
    const digits = if (std.mem.startsWith(u8, text, "0x")) text[2..] else text;
    if (digits.len % 2 != 0) return ending.problem("not a hex string", .{});
    const bytes = try ending.allocator.alloc(u8, digits.len / 2);
    for (bytes, 0..) |*byte, i| {
        byte.* = std.fmt.parseInt(u8, digits[2 * i ..][0..2], 16) catch return ending.problem("not a hex string", .{});
        if (digits[2 * i] == '+' or digits[2 * i] == '-') return ending.problem("not a hex string", .{});
    }
    return bytes;
}
