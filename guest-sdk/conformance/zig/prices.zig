const std = @import("std");
const executor = @import("executor");
const Decimal = executor.Decimal;

fn less(_: void, one: Decimal, other: Decimal) bool {
    return (one.order(other) catch .eq) == .lt;
}

pub fn run(input: []const u8) ![]const u8 {
    const rates = try executor.json.at(try executor.json.parse(input), .{"rates"});
    const prices = try executor.allocator.alloc(Decimal, rates.array.items.len);
    if (prices.len == 0) return executor.problem("there are no prices", .{});
    for (prices, rates.array.items) |*price, rate| {
        price.* = try Decimal.parse(try executor.json.textOf(try executor.json.at(rate, .{"price"})));
    }
    std.mem.sort(Decimal, prices, {}, less);
    return executor.abi.encode("(uint256)", .{try prices[(prices.len - 1) / 2].scaled(8)});
}
