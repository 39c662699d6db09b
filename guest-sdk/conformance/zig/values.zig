const std = @import("std");
const executor = @import("executor");
const tour = @import("tour.zig");
const Decimal = executor.Decimal;
const abi = executor.abi;

const shown = "(uint256,int256,address,bool,bytes4,bytes,string,int64[],(uint8,string)[])";

pub fn run(given: []const u8) ![]const u8 {
    const input = tour.split(given, '\n');
    if (input.is("decimal")) return decimal(try tour.words(input.rest));
    if (input.is("abi")) {
        const asked = tour.split(input.rest, '\n');
        return abi.encode(asked.command, try abi.decode(asked.command, asked.rest));
    }
    if (input.is("show")) return show(input.rest);
    if (input.is("make")) return make();
    return executor.problem("unknown command", .{});
}

fn decimal(words: []const []const u8) ![]const u8 {
    const operation = words[0];
    const a = try Decimal.parse(words[1]);
    if (std.mem.eql(u8, operation, "text")) return a.text();
    if (std.mem.eql(u8, operation, "scaled")) return (try a.scaledWith(try places(words[2]), try rounding(words[3]))).text();
    if (std.mem.eql(u8, operation, "rounded")) return (try a.rounded(try places(words[2]), try rounding(words[3]))).text();
    const b = try Decimal.parse(words[2]);
    if (std.mem.eql(u8, operation, "add")) return (try a.add(b)).text();
    if (std.mem.eql(u8, operation, "sub")) return (try a.sub(b)).text();
    if (std.mem.eql(u8, operation, "mul")) return (try a.mul(b)).text();
    return switch (try a.order(b)) {
        .lt => "-1",
        .eq => "0",
        .gt => "1",
    };
}

fn places(text: []const u8) !u32 {
    return std.fmt.parseInt(u32, text, 10);
}

fn rounding(name: []const u8) !executor.Rounding {
    if (std.mem.eql(u8, name, "half-up")) return .half_up;
    if (std.mem.eql(u8, name, "half-even")) return .half_even;
    return std.meta.stringToEnum(executor.Rounding, name) orelse executor.problem("unknown rounding", .{});
}

fn show(data: []const u8) ![]const u8 {
    const values = (try abi.decode(shown, data)).list;
    var list: std.ArrayList([]const u8) = .empty;
    for (values[7].list) |item| try list.append(executor.allocator, try (try item.signed()).text());
    var pairs: std.ArrayList([]const u8) = .empty;
    for (values[8].list) |pair| {
        const number = try (try pair.list[0].unsigned()).text();
        try pairs.append(executor.allocator, try tour.print("{s}:{s}", .{ number, pair.list[1].bytes }));
    }
    return tour.join(&.{
        try (try values[0].unsigned()).text(),
        try (try values[1].signed()).text(),
        executor.hex.encode(values[2].bytes),
        if (values[3].isTrue()) "true" else "false",
        executor.hex.encode(values[4].bytes),
        executor.hex.encode(values[5].bytes),
        values[6].bytes,
        try tour.join(list.items, ","),
        try tour.join(pairs.items, ","),
    }, "\n");
}

fn make() ![]const u8 {
    var bytes: [33]u8 = undefined;
    for (&bytes, 0..) |*byte, i| byte.* = @intCast(i);
    const account = try executor.hex.decode("0xd8da6bf26964af9d7eed9e03e53415d37aa96045");
    const list = [_]i64{ 1, -2, std.math.maxInt(i64), std.math.minInt(i64) };
    return abi.encode(shown, .{
        @as(u256, std.math.maxInt(u256)), @as(i256, std.math.minInt(i256)), account, true, [4]u8{ 1, 2, 3, 4 },
        bytes,
        "naïve 😀",
        list,                             .{ .{ 7, "seven" }, .{ 0, "" } },
    });
}
