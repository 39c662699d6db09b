const std = @import("std");
const executor = @import("executor");
const tour = @import("tour.zig");
const random = executor.random;

pub fn run(given: []const u8) ![]const u8 {
    const input = tour.split(given, '\n');
    const rest = input.rest;
    if (input.is("echo")) return rest;
    if (input.is("nothing")) return "";
    if (input.is("fail")) executor.fail(rest);
    if (input.is("trap")) @trap();
    if (input.is("spin")) while (true) {};
    if (input.is("recurse")) return tour.print("{d}", .{deeper(0)});
    if (input.is("memory")) return takeAll();
    if (input.is("context")) return context();
    if (input.is("identity")) return tour.join(&.{ executor.context().request_id, executor.context().function_id }, " ");
    if (input.is("log")) {
        executor.log.debug(rest);
        executor.log.info(rest);
        executor.log.warn(rest);
        executor.log.err(rest);
        return "";
    }
    if (input.is("log-many")) return logMany(rest);
    if (input.is("keccak")) return executor.allocator.dupe(u8, &executor.keccak256(rest));
    if (input.is("json")) {
        const part = try executor.json.at(try executor.json.parse(rest), .{ "data", "rates", 1, "price" });
        return executor.json.textOf(part);
    }
    if (input.is("draw")) {
        var drawn: std.ArrayList(u8) = .empty;
        for (0..try tour.size(rest)) |_| try drawn.appendSlice(executor.allocator, &try random.draw());
        return drawn.items;
    }
    if (input.is("draw-observe")) {
        _ = try random.draw();
        return (try executor.observe(.median, .{}, one, .{})).text();
    }
    if (input.is("below") or input.is("bytes") or input.is("sample")) return chosen(input);
    if (input.is("below-64") or input.is("shuffle")) return ordered(input);
    if (input.is("time")) return tour.print("{d}", .{executor.context().block_timestamp});
    return executor.problem("unknown command", .{});
}

fn one() !u32 {
    return 1;
}

fn chosen(input: tour.Input) ![]const u8 {
    const words = try tour.words(input.rest);
    const seed = try executor.hex.decode(words[0]);
    var stream: random.Stream = .{ .seed = seed[0..32].* };
    const first = try tour.size(words[1]);
    if (input.is("bytes")) return stream.bytes(first);
    var texts: std.ArrayList([]const u8) = .empty;
    if (input.is("sample")) {
        for (try stream.sample(first, try tour.size(words[2]))) |item|
            try texts.append(executor.allocator, try tour.print("{d}", .{item}));
    } else {
        for (0..first) |_| for (words[2..]) |n|
            try texts.append(executor.allocator, try tour.print("{d}", .{try stream.below(try tour.number(n))}));
    }
    return tour.join(texts.items, " ");
}

fn ordered(input: tour.Input) ![]const u8 {
    const words = try tour.words(input.rest);
    const seed = try executor.hex.decode(words[0]);
    var stream: random.Stream = .{ .seed = seed[0..32].* };
    var texts: std.ArrayList([]const u8) = .empty;
    if (input.is("shuffle")) {
        try texts.appendSlice(executor.allocator, words[1..]);
        try stream.shuffle([]const u8, texts.items);
    } else {
        for (words[1..]) |limit| {
            const n = try std.fmt.parseInt(u64, limit, 10);
            try texts.append(executor.allocator, try tour.print("{d}", .{try stream.below(n)}));
        }
    }
    return tour.join(texts.items, " ");
}

fn logMany(rest: []const u8) ![]const u8 {
    const words = try tour.words(rest);
    const line = try executor.allocator.alloc(u8, try tour.size(words[1]));
    @memset(line, 'x');
    for (0..try tour.size(words[0])) |_| executor.log.info(line);
    return "done";
}

var never: u32 = 0xffffffff;

fn deeper(depth: u32) u32 {
    const seen: *volatile u32 = &never;
    if (depth == seen.*) return depth;
    return deeper(depth + 1) *% 3 +% depth;
}

fn takeAll() ![]const u8 {
    while (true) {
        const piece: []volatile u8 = try executor.allocator.alloc(u8, 1 << 20);
        piece[0] = 1;
    }
}

fn context() ![]const u8 {
    const seen = executor.context();
    var text: []const u8 = "";
    const keys = .{
        "chain_id",           "router",   "nonce",   "block_number", "block_timestamp", "parent_hash", "sender", "subscription", "epoch",
        "callback_gas_limit", "consumer", "trigger",
    };
    inline for (keys) |key| {
        const value = @field(seen, key);
        const shown = if (@TypeOf(value) == u64) try tour.print("{d}", .{value}) else value;
        text = try tour.print("{s}{s}{s}={s}", .{ text, if (text.len > 0) "\n" else "", key, shown });
    }
    return text;
}
