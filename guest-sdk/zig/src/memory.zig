//! Memory is handed out upwards and only what was handed out last can grow or be given back: a run is short.
const std = @import("std");

const page = std.wasm.page_size;

pub const allocator: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = alloc,
    .resize = resize,
    .remap = remap,
    .free = free,
} };

extern var __heap_base: u8; // set by the linker: everything above it is free
var top: usize = 0;

fn alloc(_: *anyopaque, len: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    if (top == 0) top = @intFromPtr(&__heap_base);
    const at = alignment.forward(top);
    return if (reserve(at, len)) @ptrFromInt(at) else null;
}

fn resize(_: *anyopaque, memory: []u8, _: std.mem.Alignment, len: usize, _: usize) bool {
    const at = @intFromPtr(memory.ptr);
    if (at + memory.len != top) return len <= memory.len;
    return reserve(at, len);
}

fn remap(context: *anyopaque, memory: []u8, alignment: std.mem.Alignment, len: usize, place: usize) ?[*]u8 {
    return if (resize(context, memory, alignment, len, place)) memory.ptr else null;
}

fn free(_: *anyopaque, memory: []u8, _: std.mem.Alignment, _: usize) void {
    if (@intFromPtr(memory.ptr) + memory.len == top) top = @intFromPtr(memory.ptr);
}

/// Moves the top behind so many bytes from here on, if there is room.
fn reserve(at: usize, len: usize) bool {
    if (len > std.math.maxInt(i32) or at > std.math.maxInt(i32) - len) return false;
    const room = @wasmMemorySize(0) * page;
    const end = at + len;
    if (end > room and @wasmMemoryGrow(0, (end - room + page - 1) / page) < 0) return false;
    top = end;
    return true;
}
