//! Exact decimals of any size: units / 10^scale. Nothing here rounds unless asked to.
const std = @import("std");
const ending = @import("ending.zig");

const Int = std.math.big.int.Managed;
const gpa = ending.allocator;
const longest_scale = 1100;

/// What becomes of digits that are left out. `exact`: there are none, else an error.
pub const Rounding = enum { trunc, floor, ceil, half_up, half_even, exact };

pub const Decimal = struct {
    units: Int,
    scale: u32 = 0,

    /// -?(0|[1-9][0-9]*)(\.[0-9]+)?, such as "-12.50".
    pub fn parse(written: []const u8) !Decimal {
        const fraction = fractionOf(written) orelse return ending.problem("not a decimal: {s}", .{ending.cut(written, 80)});
        if (fraction > longest_scale) return ending.problem("not a decimal: {s}", .{ending.cut(written, 80)});
        const digits = try gpa.alloc(u8, written.len);
        const kept = std.mem.replace(u8, written, ".", "", digits);
        var units = try Int.init(gpa);
        try units.setString(10, digits[0 .. written.len - kept]);
        return .{ .units = units, .scale = @intCast(fraction) };
    }

    /// Of an integer.
    pub fn of(value: anytype) !Decimal {
        return .{ .units = try Int.initSet(gpa, value) };
    }

    /// Plain notation, trailing zeros kept.
    pub fn text(self: Decimal) ![]const u8 {
        const digits = try self.units.toConst().abs().toStringAlloc(gpa, 10, .lower);
        const sign: []const u8 = if (self.units.isPositive() or self.units.eqlZero()) "" else "-";
        if (self.scale == 0) return ending.join(&.{ sign, digits });
        const zeros = try gpa.alloc(u8, if (digits.len > self.scale) 0 else self.scale + 1 - digits.len);
        @memset(zeros, '0');
        const padded = ending.join(&.{ zeros, digits });
        const point = padded.len - self.scale;
        return ending.join(&.{ sign, padded[0..point], ".", padded[point..] });
    }

    pub fn add(self: Decimal, other: Decimal) !Decimal {
        const scale = @max(self.scale, other.scale);
        var sum = try Int.init(gpa);
        try sum.add(&try self.unitsAt(scale), &try other.unitsAt(scale));
        return .{ .units = sum, .scale = scale };
    }

    pub fn negated(self: Decimal) !Decimal {
        var copy = try self.units.clone();
        copy.negate();
        if (copy.eqlZero()) copy.abs();
        return .{ .units = copy, .scale = self.scale };
    }

    pub fn sub(self: Decimal, other: Decimal) !Decimal {
        return self.add(try other.negated());
    }

    pub fn mul(self: Decimal, other: Decimal) !Decimal {
        var product = try Int.init(gpa);
        try product.mul(&self.units, &other.units);
        if (self.scale + other.scale > longest_scale) return ending.problem("a decimal's scale is at most {}", .{longest_scale});
        return .{ .units = product, .scale = self.scale + other.scale };
    }

    /// By value: 1.0 and 1 are equal.
    pub fn order(self: Decimal, other: Decimal) !std.math.Order {
        const scale = @max(self.scale, other.scale);
        return (try self.unitsAt(scale)).order(try other.unitsAt(scale));
    }

    /// Times 10^places, further digits cut off: what contracts want.
    pub fn scaled(self: Decimal, places: u32) !Decimal {
        return self.scaledWith(places, .trunc);
    }

    /// Times 10^places, as an integer.
    pub fn scaledWith(self: Decimal, places: u32, rounding: Rounding) !Decimal {
        if (places > longest_scale) return ending.problem("places must be 0 to {}", .{longest_scale});
        if (places >= self.scale) return .{ .units = try self.unitsAt(places) };
        const divisor = try powerOfTen(self.scale - places);
        var quotient, var rest = .{ try Int.init(gpa), try Int.init(gpa) };
        try quotient.divTrunc(&rest, &self.units, &divisor);
        if (rest.eqlZero()) return .{ .units = quotient };
        const negative = !rest.isPositive();
        rest.abs();
        var twice = try Int.init(gpa);
        try twice.add(&rest, &rest);
        const half = twice.order(divisor);
        const away = switch (rounding) {
            .trunc => false,
            .floor => negative,
            .ceil => !negative,
            .half_up => half != .lt,
            .half_even => half == .gt or (half == .eq and quotient.isOdd()),
            .exact => return ending.problem("digits of a decimal would be lost", .{}),
        };
        if (away) try quotient.addScalar(&quotient, @as(i32, if (negative) -1 else 1));
        return .{ .units = quotient };
    }

    /// With so many digits after the point.
    pub fn rounded(self: Decimal, places: u32, rounding: Rounding) !Decimal {
        return .{ .units = (try self.scaledWith(places, rounding)).units, .scale = places };
    }

    fn unitsAt(self: Decimal, scale: u32) !Int {
        if (scale == self.scale) return self.units;
        var product = try Int.init(gpa);
        try product.mul(&self.units, &try powerOfTen(scale - self.scale));
        return product;
    }
};

fn powerOfTen(exponent: u32) !Int {
    const ten = try Int.initSet(gpa, 10);
    var power = try Int.init(gpa);
    try power.pow(&ten, exponent);
    return power;
}

/// How many digits stand after the point of a decimal of the protocol; null for anything else.
pub fn fractionOf(text: []const u8) ?usize {
    const digits = if (text.len > 0 and text[0] == '-') text[1..] else text;
    const point = std.mem.indexOfScalar(u8, digits, '.');
    const whole = digits[0 .. point orelse digits.len];
    const fraction = if (point) |place| digits[place + 1 ..] else "";
    for (whole) |byte| if (byte < '0' or byte > '9') return null;
    for (fraction) |byte| if (byte < '0' or byte > '9') return null;
    if (whole.len == 0 or (whole.len > 1 and whole[0] == '0') or (point != null and fraction.len == 0)) return null;
    return fraction.len;
}
