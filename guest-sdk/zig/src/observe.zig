//! The one way to the world: look for yourself, let the committee agree.
const std = @import("std");
const calls = @import("calls.zig");
const ending = @import("ending.zig");
const imports = @import("imports.zig");
const json = @import("json.zig");
const decimals = @import("decimal.zig");
const Decimal = decimals.Decimal;

const most_digits = 78; // docs/wire.md: agreed decimals are at most this long

/// How many observations become one. Numbers agree to a Decimal, `identical`, `mode` and `single` to bytes, the others
/// to texts; what liars can do to each: docs/protocol.md.
pub const Strategy = enum {
    median,
    min,
    max,
    trimmed_mean,
    identical,
    mode,
    single,
    @"union",
    intersection,
    frequency,
    common_prefix,
    common_suffix,

    /// As specs have it.
    pub fn name(self: Strategy) []const u8 {
        return switch (self) {
            .trimmed_mean => "trimmed-mean",
            .common_prefix => "common-prefix",
            .common_suffix => "common-suffix",
            else => @tagName(self),
        };
    }
};

/// One item of a frequency.
pub const Count = struct { item: []const u8, count: u64 };

/// How the latest observation ended.
pub const Ended = enum { value, err, default };

var latest: ?Ended = null;

pub fn last() ?Ended {
    return latest;
}

/// What names an observation in receipts and logs, and what stands in for every agreed error (its text).
pub const Options = struct { label: ?[]const u8 = null, default: ?[]const u8 = null };

/// What a strategy agrees to; a struct of strategies agrees to a struct of what they agree to.
pub fn Agreed(comptime strategy: anytype) type {
    if (isFields(strategy)) {
        return FieldsOf(strategy);
    }
    return switch (@as(Strategy, strategy)) {
        .median, .min, .max, .trimmed_mean => Decimal,
        .identical, .mode, .single => []const u8,
        .frequency => []const Count,
        else => []const []const u8,
    };
}

fn isFields(comptime strategy: anytype) bool {
    return @typeInfo(@TypeOf(strategy)) == .@"struct";
}

fn FieldsOf(comptime strategies: anytype) type {
    const Given = @TypeOf(strategies);
    return struct {
        texts: json.Value,

        /// The agreed value of a field.
        pub fn get(self: @This(), comptime field: []const u8) !Agreed(@as(Strategy, @field(@as(Given, strategies), field))) {
            return decode(@as(Strategy, @field(@as(Given, strategies), field)), try json.textOf(try json.at(self.texts, .{field})));
        }
    };
}

/// The agreed value of what `look` sees on each node; it is called with `state`, and only on a node that is looking. An
/// agreed error is `error.Coded`, its code in `code()`, unless there is a default. A strategy is such as `.median`, or
/// for several at once `.{ .price = .median, .venue = .mode }`, whose look gives a struct of the same names.
pub fn observe(comptime strategy: anytype, options: Options, look: anytype, state: anytype) !Agreed(strategy) {
    const spec = specOf(strategy, options);
    const packed_answer = imports.observe(spec.ptr, spec.len);
    if (packed_answer == -1) {
        ending.beginLook();
        const value = @call(.auto, look, state) catch |which| ending.lookFailed(which);
        const bytes = encodeAny(strategy, value) catch |which| ending.lookFailed(which);
        ending.propose(0, bytes);
    }
    const answer = calls.answerOf(packed_answer);
    latest = switch (answer.kind) {
        0 => .value,
        1 => .err,
        else => .default,
    };
    if (answer.kind == 1) {
        const end = std.mem.indexOf(u8, answer.bytes, ": ") orelse answer.bytes.len;
        return ending.withCode(answer.bytes[0..end], ending.join(&.{ "agreed error: ", answer.bytes }));
    }
    if (comptime isFields(strategy)) return .{ .texts = try json.parse(answer.bytes) };
    return decode(@as(Strategy, strategy), answer.bytes);
}

fn specOf(comptime strategy: anytype, options: Options) []const u8 {
    var spec = ending.join(&.{ "{\"aggregate\":", aggregateOf(strategy) });
    if (options.default) |text| spec = ending.join(&.{ spec, ",\"default\":", json.quoted(text) });
    if (options.label) |text| spec = ending.join(&.{ spec, ",\"label\":", json.quoted(text) });
    return ending.join(&.{ spec, "}" });
}

fn aggregateOf(comptime strategy: anytype) []const u8 {
    if (comptime !isFields(strategy)) return json.quoted(@as(Strategy, strategy).name());
    var members: []const u8 = "";
    const names = comptime sortedNames(@TypeOf(strategy));
    inline for (names, 0..) |name, i| {
        const text = json.quoted(@as(Strategy, @field(strategy, name)).name());
        members = ending.join(&.{ members, if (i > 0) "," else "", json.quoted(name), ":", text });
    }
    return ending.join(&.{ "{\"fields\":{", members, "}}" });
}

/// A struct's names in the order of canonical JSON.
fn sortedNames(comptime Struct: type) []const []const u8 {
    comptime {
        const names = std.meta.fieldNames(Struct);
        var sorted: [names.len][]const u8 = names[0..names.len].*;
        std.mem.sort([]const u8, &sorted, {}, json.before);
        const done = sorted;
        return &done;
    }
}

fn encodeAny(comptime strategy: anytype, value: anytype) ![]const u8 {
    if (comptime !isFields(strategy)) return encode(@as(Strategy, strategy), value);
    var members: []const u8 = "";
    const names = comptime sortedNames(@TypeOf(strategy));
    inline for (names, 0..) |name, i| {
        const text = try encode(@as(Strategy, @field(strategy, name)), @field(value, name));
        members = ending.join(&.{ members, if (i > 0) "," else "", json.quoted(name), ":", json.quoted(text) });
    }
    return ending.join(&.{ "{", members, "}" });
}

/// The bytes that are observed: texts and bytes as they are, numbers as decimals, lists of texts as JSON.
fn encode(strategy: Strategy, value: anytype) ![]const u8 {
    const T = @TypeOf(value);
    if (comptime T == []const []const u8 or T == [][]const u8) return switch (strategy) {
        .@"union", .intersection, .frequency => json.set(value),
        .common_prefix, .common_suffix => json.list(value),
        else => badValue("a list"),
    };
    const text: []const u8 = switch (@typeInfo(T)) {
        .int, .comptime_int => try std.fmt.allocPrint(ending.allocator, "{d}", .{value}),
        .float, .comptime_float => try floatText(value),
        else => if (comptime T == Decimal) try value.text() else value,
    };
    return switch (strategy) {
        .median, .min, .max, .trimmed_mean => decimalText(text),
        .identical, .mode, .single => text,
        else => badValue("one text"),
    };
}

/// In the fewest digits that read back the same, without exponent.
fn floatText(value: f64) ![]const u8 {
    if (value == 0) return "0";
    return std.fmt.allocPrint(ending.allocator, "{d}", .{value});
}

fn decimalText(text: []const u8) ![]const u8 {
    const fraction = decimals.fractionOf(text) orelse return badValue("no decimal");
    const signs = @as(usize, @intFromBool(text[0] == '-')) + @intFromBool(fraction > 0);
    return if (text.len - signs <= most_digits) text else badValue("a decimal of more than 78 digits");
}

fn badValue(kind: []const u8) error{Coded} {
    return ending.withCode("bad-value", ending.join(&.{ "the strategy does not take ", kind }));
}

fn decode(comptime strategy: Strategy, bytes: []const u8) !Agreed(strategy) {
    switch (strategy) {
        .median, .min, .max, .trimmed_mean => return Decimal.parse(bytes),
        .identical, .mode, .single => return bytes,
        .frequency => {
            const members = (try json.parse(bytes)).object;
            const counts = try ending.allocator.alloc(Count, members.count());
            for (counts, members.keys(), members.values()) |*count, item, number| {
                const digits = try json.textOf(number);
                count.* = .{ .item = item, .count = std.fmt.parseInt(u64, digits, 10) catch return badValue("this count") };
            }
            return counts;
        },
        else => {
            const items = (try json.parse(bytes)).array.items;
            const texts = try ending.allocator.alloc([]const u8, items.len);
            for (texts, items) |*text, item| text.* = try json.textOf(item);
            return texts;
        },
    }
}
