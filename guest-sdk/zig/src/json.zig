//! JSON: the standard library's reader, with numbers as they were written, and canonical texts (docs/wire.md §4).
const std = @import("std");
const ending = @import("ending.zig");

pub const Value = std.json.Value;

/// The value of a whole text. Numbers are `.number_string`: nothing goes through floating point.
pub fn parse(of: []const u8) !Value {
    const options: std.json.ParseOptions = .{ .parse_numbers = false, .duplicate_field_behavior = .use_last };
    return std.json.parseFromSliceLeaky(Value, ending.allocator, of, options) catch
        return ending.problem("the text is not JSON", .{});
}

/// The part of a value at names and places, such as .{ "data", "rates", 1 }; the error code "missing-path" without one.
pub fn at(value: Value, comptime path: anytype) !Value {
    var part = value;
    inline for (path) |step| {
        const found: ?Value = if (comptime @typeInfo(@TypeOf(step)) == .comptime_int) switch (part) {
            .array => |items| if (step < items.items.len) items.items[step] else null,
            else => null,
        } else switch (part) {
            .object => |members| members.get(step),
            else => null,
        };
        part = found orelse return ending.withCode("missing-path", "the JSON value has no such part");
    }
    return part;
}

/// A string's text, or a number's as it is written.
pub fn textOf(value: Value) ![]const u8 {
    return switch (value) {
        .string, .number_string => |found| found,
        else => ending.problem("the JSON value is no text", .{}),
    };
}

/// A text as a JSON string, in the one form that RFC 8785 has for it.
pub fn quoted(of: []const u8) []const u8 {
    var out: std.ArrayList(u8) = .empty;
    write(&out, of) catch ending.fail("out of memory");
    return out.items;
}

fn write(out: *std.ArrayList(u8), of: []const u8) !void {
    const gpa = ending.allocator;
    try out.append(gpa, '"');
    for (of) |byte| switch (byte) {
        '"', '\\' => try out.appendSlice(gpa, &.{ '\\', byte }),
        8 => try out.appendSlice(gpa, "\\b"),
        9 => try out.appendSlice(gpa, "\\t"),
        10 => try out.appendSlice(gpa, "\\n"),
        12 => try out.appendSlice(gpa, "\\f"),
        13 => try out.appendSlice(gpa, "\\r"),
        0...7, 11, 14...31 => {
            try out.appendSlice(gpa, if (byte < 16) "\\u000" else "\\u001");
            try out.append(gpa, "0123456789abcdef"[byte & 15]);
        },
        else => try out.append(gpa, byte),
    };
    try out.append(gpa, '"');
}

/// Texts as a list.
pub fn list(texts: []const []const u8) []const u8 {
    var out: []const u8 = "[";
    for (texts, 0..) |each, i| out = ending.join(&.{ out, if (i > 0) "," else "", quoted(each) });
    return ending.join(&.{ out, "]" });
}

/// Texts as a set: each once, in the order of their UTF-16 code units.
pub fn set(texts: []const []const u8) []const u8 {
    const sorted = ending.allocator.dupe([]const u8, texts) catch ending.fail("out of memory");
    std.mem.sort([]const u8, sorted, {}, before);
    var kept: usize = 0;
    for (sorted) |each| {
        if (kept > 0 and std.mem.eql(u8, sorted[kept - 1], each)) continue;
        sorted[kept] = each;
        kept += 1;
    }
    return list(sorted[0..kept]);
}

/// Whether one text stands before another by UTF-16 code units.
pub fn before(_: void, one: []const u8, other: []const u8) bool {
    for (one, 0..) |byte, i| {
        if (i == other.len) return false;
        if (byte != other[i]) return rank(byte) < rank(other[i]);
    }
    return one.len < other.len;
}

/// Where a UTF-8 byte stands among UTF-16 code units: the four-byte characters come before U+E000 (bytes ee and ef).
fn rank(byte: u8) u8 {
    return if (byte >= 0xf0) byte - 2 else if (byte >= 0xee) byte + 16 else byte;
}
