//! What the modules share: a command, a line feed, the rest; words; texts joined.
const std = @import("std");
const executor = @import("executor");

pub const Input = struct {
    command: []const u8,
    rest: []const u8,

    pub fn is(self: Input, name: []const u8) bool {
        return std.mem.eql(u8, self.command, name);
    }
};

pub fn split(text: []const u8, mark: u8) Input {
    const end = std.mem.indexOfScalar(u8, text, mark) orelse return .{ .command = text, .rest = "" };
    return .{ .command = text[0..end], .rest = text[end + 1 ..] };
}

pub fn words(text: []const u8) ![]const []const u8 {
    return lines(text, ' ');
}

pub fn lines(text: []const u8, mark: u8) ![]const []const u8 {
    var found: std.ArrayList([]const u8) = .empty;
    var rest = std.mem.splitScalar(u8, text, mark);
    while (rest.next()) |word| if (text.len > 0) try found.append(executor.allocator, word);
    return found.items;
}

pub fn number(text: []const u8) !u64 {
    return std.fmt.parseInt(u64, text, 10);
}

pub fn size(text: []const u8) !usize {
    return std.fmt.parseInt(usize, text, 10);
}

pub fn print(comptime format: []const u8, values: anytype) ![]const u8 {
    return std.fmt.allocPrint(executor.allocator, format, values);
}

pub fn join(texts: []const []const u8, mark: []const u8) ![]const u8 {
    return std.mem.join(executor.allocator, mark, texts);
}
