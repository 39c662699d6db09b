//! Errors and endings. A Zig error is a name; `withCode` and `problem` keep the words that go with it.
const std = @import("std");
const imports = @import("imports.zig");
const log = @import("log.zig");

pub const allocator = @import("memory.zig").allocator;

const longest = 1024; // error bytes go into the report

var kept_code: []const u8 = "threw";
var kept_words: []const u8 = "";
var looking = false;

/// Ends the run as Failed with this text, shortened to whole characters.
pub fn fail(text: []const u8) noreturn {
    const short = cut(text, longest);
    const words = if (short.len > 0) short else "failed";
    imports.fail(words.ptr, words.len);
    unreachable_();
}

/// An error with a stable code, 1 to 64 of [a-z0-9-], which a look that returns it observes.
pub fn withCode(text: []const u8, words: []const u8) error{Coded} {
    kept_code = text;
    kept_words = words;
    return error.Coded;
}

/// An error with words; a look that returns it observes "threw".
pub fn problem(comptime format: []const u8, values: anytype) error{Problem} {
    kept_words = std.fmt.allocPrint(allocator, format, values) catch "out of memory";
    return error.Problem;
}

/// The code of the latest error that had one.
pub fn code() []const u8 {
    return kept_code;
}

/// How the run ends when the function returns an error.
pub fn failed(which: anyerror) noreturn {
    fail(said(which));
}

/// Ends a look that returned an error.
pub fn lookFailed(which: anyerror) noreturn {
    log.warn(join(&.{ "the observation failed: ", said(which) }));
    propose(1, if (which == error.Coded and isCode(kept_code)) kept_code else "threw");
}

pub fn propose(kind: u32, bytes: []const u8) noreturn {
    imports.propose(kind, bytes.ptr, bytes.len);
    unreachable_();
}

/// A panic in a look is what this node observes; elsewhere it is how the run ends.
pub fn panicked(words: []const u8, _: ?usize) noreturn {
    if (looking) {
        log.warn(join(&.{ "the observation failed: panic: ", words }));
        propose(1, "threw");
    }
    fail(join(&.{ "panic: ", words }));
}

pub fn beginLook() void {
    looking = true;
}

pub fn isLooking() bool {
    return looking;
}

fn said(which: anyerror) []const u8 {
    return switch (which) {
        error.Coded, error.Problem => kept_words,
        error.OutOfMemory => "out of memory",
        else => @errorName(which),
    };
}

pub fn isCode(text: []const u8) bool {
    for (text) |byte| switch (byte) {
        'a'...'z', '0'...'9', '-' => {},
        else => return false,
    };
    return text.len >= 1 and text.len <= 64;
}

/// At most so many bytes, never half a character.
pub fn cut(text: []const u8, limit: usize) []const u8 {
    if (text.len <= limit) return text;
    var end = limit;
    while (end > 0 and text[end] & 0xc0 == 0x80) end -= 1;
    return text[0..end];
}

pub fn join(parts: []const []const u8) []const u8 {
    return std.mem.concat(allocator, u8, parts) catch fail("out of memory");
}

fn unreachable_() noreturn {
    @trap();
}
