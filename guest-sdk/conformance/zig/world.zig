const std = @import("std");
const executor = @import("executor");
const tour = @import("tour.zig");
const evm = executor.evm;
const http = executor.http;
const observe = executor.observe;

const balance_of = "balanceOf(address)(uint256)";

pub fn run(given: []const u8) ![]const u8 {
    const input = tour.split(given, '\n');
    if (input.is("price")) return (try observe(.median, .{}, price, .{input.rest})).text();
    if (input.is("final-block")) return (try observe(.median, .{}, finalBlock, .{input.rest})).text();
    if (input.is("clock")) return (try observe(.median, .{}, executor.localTime, .{})).text();
    if (input.is("outside")) return shown(try http.get(input.rest));
    return observe(.identical, .{}, look, .{input});
}

fn look(input: tour.Input) ![]const u8 {
    const rest = input.rest;
    const words = try tour.words(rest);
    if (input.is("get")) return shown(try http.get(rest));
    if (input.is("header")) return (try http.get(words[0])).header(words[1]) orelse "none";
    if (input.is("post")) {
        const parts = tour.split(rest, '\n');
        const headers = [_]http.Header{
            .{ .name = "content-type", .value = "application/json" }, .{ .name = "x-tour", .value = "1" },
        };
        return shown(try http.fetch(.{ .url = parts.command, .method = "POST", .headers = &headers, .body = parts.rest }));
    }
    if (input.is("many")) return many(try tour.lines(rest, '\n'));
    if (input.is("balance-of")) return first(try evm.call(.{}, try view(words[0], words[1])));
    if (input.is("balance-at")) {
        const place: evm.Place = .{ .chain = try tour.number(words[0]), .block = .{ .number = try tour.number(words[1]) } };
        return first(try evm.call(place, try view(words[2], words[3])));
    }
    if (input.is("balances-of")) {
        const views = try executor.allocator.alloc(evm.Call, words.len - 1);
        for (views, words[1..]) |*each, holder| each.* = try view(words[0], holder);
        const texts = try executor.allocator.alloc([]const u8, views.len);
        for (texts, try evm.callMany(.{}, views)) |*text, outcome| text.* = if (outcome) |values| try first(values) else "reverted";
        return tour.join(texts, "\n");
    }
    if (input.is("balance")) return (try evm.balance(.{}, try executor.hex.decode(rest))).text();
    if (input.is("block")) {
        const header = try evm.header(.{ .block = .{ .number = try tour.number(rest) } });
        return tour.join(&.{
            try header.number.text(),    executor.hex.encode(header.hash), executor.hex.encode(header.parent_hash),
            try header.timestamp.text(), try header.base_fee.text(),
        }, " ");
    }
    if (input.is("logs")) {
        const found = try evm.logs(.{}, try executor.hex.decode(words[0]), try tour.number(words[1]), words[2]);
        const texts = try executor.allocator.alloc([]const u8, found.len);
        for (texts, found) |*text, log| text.* = try tour.print("{s} {s} {d} {s}", .{
            try log.block_number.text(), try log.index.text(), log.topics.len, executor.hex.encode(log.data),
        });
        return tour.join(texts, "\n");
    }
    if (input.is("secret")) return executor.secret(rest);
    if (input.is("private")) return executor.privateInput(rest);
    return executor.problem("unknown command", .{});
}

fn shown(response: http.Response) ![]const u8 {
    return tour.print("{d} {s}", .{ response.status, response.body });
}

fn price(url: []const u8) ![]const u8 {
    const response = try http.get(url);
    if (!response.ok()) return executor.withCode("http-status", "no price");
    return executor.json.textOf(try executor.json.at(try response.parsed(), .{"price"}));
}

fn finalBlock(chain: []const u8) !executor.Decimal {
    return (try evm.header(.{ .chain = try tour.number(chain), .block = .finalized })).number;
}

fn many(urls: []const []const u8) ![]const u8 {
    const requests = try executor.allocator.alloc(http.Request, urls.len);
    for (requests, urls) |*request, url| request.* = .{ .url = url };
    const texts = try executor.allocator.alloc([]const u8, urls.len);
    for (texts, try http.fetchMany(requests)) |*text, result| text.* = switch (result) {
        .response => |response| try shown(response),
        .err => |code| try tour.print("error {s}", .{code}),
    };
    return tour.join(texts, "\n");
}

fn view(contract: []const u8, holder: []const u8) !evm.Call {
    return .of(try executor.hex.decode(contract), balance_of, .{try executor.hex.decode(holder)});
}

fn first(values: []const executor.abi.Value) ![]const u8 {
    return (try values[0].unsigned()).text();
}
