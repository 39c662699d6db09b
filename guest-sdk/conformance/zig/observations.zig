const std = @import("std");
const executor = @import("executor");
const tour = @import("tour.zig");
const observe = executor.observe;

pub fn run(given: []const u8) ![]const u8 {
    const input = tour.split(given, '\n');
    const rest = input.rest;
    if (input.is("observe")) return observed(tour.split(rest, '\n'));
    if (input.is("bytes")) return observe(.identical, .{}, same, .{rest});
    if (input.is("label")) {
        const words = try tour.words(rest);
        const agreed = try observe(.median, .{ .label = words[0], .default = words[1] }, failing, .{words[2]});
        return tour.join(&.{ @tagName(executor.last().?), try agreed.text() }, " ");
    }
    if (input.is("catch")) {
        const agreed = observe(.median, .{}, same, .{rest}) catch return tour.join(&.{ "caught", executor.code() }, " ");
        return tour.join(&.{ "agreed", try agreed.text() }, " ");
    }
    if (input.is("sequence")) return sequence();
    if (input.is("nested")) return (try observe(.median, .{}, nested, .{})).text();
    if (input.is("code")) return (try observe(.median, .{}, failing, .{rest})).text();
    if (input.is("throws")) return (try observe(.median, .{}, throws, .{rest})).text();
    if (input.is("traps")) return (try observe(.median, .{}, traps, .{})).text();
    if (input.is("spins")) return (try observe(.median, .{}, spins, .{})).text();
    if (input.is("number")) return (try observe(.median, .{}, sum, .{ 0.1, 0.2 })).text();
    if (input.is("numbers")) {
        for ([_]f64{ 1e21, -1.5e-7, 5e-324, 9007199254740992, -0.0, 100 }) |number| {
            _ = try observe(.median, .{}, float, .{number});
        }
        return "done";
    }
    return executor.problem("unknown command", .{});
}

fn observed(asked: tour.Input) ![]const u8 {
    if (asked.is("fields")) {
        const strategies = .{ .price = .median, .venue = .mode };
        const agreed = try observe(strategies, .{}, pair, .{asked.rest});
        return tour.join(&.{ try (try agreed.get("price")).text(), try agreed.get("venue") }, " ");
    }
    inline for (comptime std.enums.values(executor.Strategy)) |strategy| {
        if (asked.is(comptime strategy.name())) switch (strategy) {
            .median, .min, .max, .trimmed_mean => return (try observe(strategy, .{}, same, .{asked.rest})).text(),
            .identical, .mode, .single => return observe(strategy, .{}, same, .{asked.rest}),
            .frequency => {
                const counts = try observe(strategy, .{}, lines, .{asked.rest});
                const texts = try executor.allocator.alloc([]const u8, counts.len);
                for (texts, counts) |*text, count| text.* = try tour.print("{s}={d}", .{ count.item, count.count });
                return tour.join(texts, "\n");
            },
            else => return tour.join(try observe(strategy, .{}, lines, .{asked.rest}), "\n"),
        };
    }
    return executor.problem("unknown strategy", .{});
}

fn sequence() ![]const u8 {
    const first = try observe(.median, .{}, one, .{});
    const second = try observe(.median, .{}, oneMore, .{first});
    const both = try tour.join(&.{ try first.text(), try second.text() }, ",");
    const third = try observe(.identical, .{}, same, .{both});
    return tour.join(&.{ try first.text(), try second.text(), third }, " ");
}

fn same(text: []const u8) ![]const u8 {
    return text;
}

fn lines(text: []const u8) ![]const []const u8 {
    return tour.lines(text, '\n');
}

fn pair(text: []const u8) !struct { price: []const u8, venue: []const u8 } {
    const words = tour.split(text, ' ');
    return .{ .price = words.command, .venue = words.rest };
}

fn failing(code: []const u8) ![]const u8 {
    return executor.withCode(code, "the look fails");
}

fn throws(text: []const u8) ![]const u8 {
    return if (text.len == 0) error.Nothing else text;
}

fn one() !u32 {
    return 1;
}

fn oneMore(first: executor.Decimal) !executor.Decimal {
    return first.add(try executor.Decimal.of(1));
}

fn nested() !executor.Decimal {
    return observe(.median, .{}, one, .{});
}

fn traps() ![]const u8 {
    @trap();
}

fn spins() ![]const u8 {
    while (true) {}
}

fn sum(a: f64, b: f64) !f64 {
    return a + b;
}

fn float(number: f64) !f64 {
    return number;
}
