//! Log lines: kept beside the outcome for people, in no digest. The host ends a run that logs too much, so lines are cut
//! to 4 KiB, and after 900 of them or 48 KiB the rest is dropped.
const imports = @import("imports.zig");
const ending = @import("ending.zig");

var lines_left: usize = 900;
var bytes_left: usize = 48 * 1024;

pub fn debug(text: []const u8) void {
    line(0, text);
}

pub fn info(text: []const u8) void {
    line(1, text);
}

pub fn warn(text: []const u8) void {
    line(2, text);
}

pub fn err(text: []const u8) void {
    line(3, text);
}

fn line(level: u32, whole: []const u8) void {
    const text = ending.cut(whole, 4096);
    if (lines_left > 1 and text.len <= bytes_left) {
        lines_left -= 1;
        bytes_left -= text.len;
        imports.log(level, text.ptr, text.len);
    } else if (lines_left > 0) {
        const dropped = "(further lines are dropped)";
        lines_left = 0;
        imports.log(2, dropped, dropped.len);
    }
}
