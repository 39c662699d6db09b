//! HTTP from inside a look; the wire format is docs/wire.md §5.
const std = @import("std");
const calls = @import("calls.zig");
const ending = @import("ending.zig");
const json = @import("json.zig");

pub const Header = struct { name: []const u8, value: []const u8 };

pub const Request = struct {
    url: []const u8,
    method: []const u8 = "GET",
    headers: []const Header = &.{},
    body: []const u8 = "",
};

/// A server's answer. Whatever its status, it is an answer: look at `ok()` or `status`.
pub const Response = struct {
    status: u16,
    headers: json.Value,
    body: []const u8,

    pub fn ok(self: Response) bool {
        return self.status >= 200 and self.status < 300;
    }

    /// By its name in lower case.
    pub fn header(self: Response, name: []const u8) ?[]const u8 {
        return json.textOf(self.headers.object.get(name) orelse return null) catch null;
    }

    pub fn parsed(self: Response) !json.Value {
        return json.parse(self.body);
    }
};

/// An answer, or the code of why there is none.
pub const Result = union(enum) { response: Response, err: []const u8 };

pub fn get(url: []const u8) !Response {
    return fetch(.{ .url = url });
}

/// An error only where there is no answer.
pub fn fetch(request: Request) !Response {
    return decode(try calls.live("http.fetch", message(request)));
}

/// All at once, in the order of the requests.
pub fn fetchMany(requests: []const Request) ![]const Result {
    var batch: []const u8 = &u32Bytes(requests.len);
    for (requests) |request| {
        const each = message(request);
        batch = ending.join(&.{ batch, &u32Bytes(each.len), each });
    }
    var rest = try calls.live("http.fetch_many", batch);
    if (try length(rest) != requests.len) return ending.problem("http.fetch_many answered another number of requests", .{});
    rest = rest[4..];
    const results = try ending.allocator.alloc(Result, requests.len);
    for (results) |*result| {
        if (rest.len < 1) return short();
        const part = try framed(rest[1..]);
        result.* = if (rest[0] == 0) .{ .response = try decode(part) } else .{ .err = part };
        rest = rest[5 + part.len ..];
    }
    return results;
}

fn message(request: Request) []const u8 {
    var headers: []const u8 = "";
    for (request.headers, 0..) |header, i| {
        headers = ending.join(&.{ headers, if (i > 0) "," else "", json.quoted(header.name), ":", json.quoted(header.value) });
    }
    const head = ending.join(&.{
        "{\"method\":", json.quoted(request.method), ",\"url\":", json.quoted(request.url), ",\"headers\":{", headers, "}}",
    });
    return ending.join(&.{ &u32Bytes(head.len), head, request.body });
}

fn decode(bytes: []const u8) !Response {
    const head_text = try framed(bytes);
    const head = try json.parse(head_text);
    const status = try json.textOf(try json.at(head, .{"status"}));
    const headers = try json.at(head, .{"headers"});
    if (headers != .object) return short();
    return .{
        .status = std.fmt.parseInt(u16, status, 10) catch return short(),
        .headers = headers,
        .body = bytes[4 + head_text.len ..],
    };
}

/// What stands behind a length.
fn framed(bytes: []const u8) ![]const u8 {
    const len = try length(bytes);
    if (len > bytes.len - 4) return short();
    return bytes[4..][0..len];
}

fn length(bytes: []const u8) !usize {
    if (bytes.len < 4) return short();
    return std.mem.readInt(u32, bytes[0..4], .little);
}

fn short() error{Problem} {
    return ending.problem("an http message is shorter than it says", .{});
}

fn u32Bytes(value: usize) [4]u8 {
    var bytes: [4]u8 = undefined;
    std.mem.writeInt(u32, &bytes, @intCast(value), .little);
    return bytes;
}
