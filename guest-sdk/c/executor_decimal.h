/* executor_decimal.h: exact decimals of any length, and the shortest decimal of a double. Agreed numbers are such texts.
 *
 * A decimal is digits and how many of them stand after the point. Zeros at the end are kept; zero has no sign.
 */
#ifndef EXECUTOR_DECIMAL_H
#define EXECUTOR_DECIMAL_H

#include "executor.h"

typedef struct {
    bool negative;
    uint32_t scale;  /* how many digits stand after the point */
    uint32_t len;    /* of digits: at least one */
    uint8_t *digits; /* 0 to 9, the most significant first */
} executor_decimal;

/* trunc: towards zero. half-up: away from zero. exact: the run fails where a digit would be lost. */
enum executor_rounding { EXECUTOR_TRUNC, EXECUTOR_FLOOR, EXECUTOR_CEIL, EXECUTOR_HALF_UP, EXECUTOR_HALF_EVEN, EXECUTOR_EXACT };

/* With room for so many digits, all zero. */
static inline executor_decimal executor_decimal_zeros(uint32_t len, uint32_t scale) {
    if (len > 0xffffff) executor_fail("a decimal is too long");
    executor_decimal made = {false, scale, len ? len : 1, executor_alloc(len + 1)};
    memset(made.digits, 0, len + 1);
    return made;
}

/* Without zeros in front that say nothing, and without a sign for zero. */
static inline executor_decimal executor_decimal_tidy(executor_decimal value) {
    uint32_t least = value.scale + 1;
    while (value.len > least && !value.digits[0]) value.digits++, value.len--;
    if (value.len < least) {
        executor_decimal longer = executor_decimal_zeros(least, value.scale);
        memcpy(longer.digits + least - value.len, value.digits, value.len);
        longer.negative = value.negative, value = longer;
    }
    bool zero = true;
    for (uint32_t i = 0; i < value.len; i++) zero = zero && !value.digits[i];
    value.negative = value.negative && !zero;
    return value;
}

/* A decimal of the protocol; anything else ends the run. Ask executor_is_decimal first to do something else. */
static inline executor_decimal executor_decimal_of(executor_bytes text) {
    if (!executor_is_decimal(text)) executor_fail("not a decimal");
    executor_decimal value = executor_decimal_zeros(text.len, 0);
    bool after = false;
    value.len = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.at[i] == '-') value.negative = true;
        else if (text.at[i] == '.') after = true;
        else value.digits[value.len++] = text.at[i] - '0', value.scale += after;
    }
    return executor_decimal_tidy(value);
}

/* Plain notation. */
static inline executor_bytes executor_decimal_text(executor_decimal value) {
    uint8_t *at = executor_alloc(value.len + 2);
    uint32_t len = 0;
    if (value.negative) at[len++] = '-';
    for (uint32_t i = 0; i < value.len; i++) {
        if (value.scale && i == value.len - value.scale) at[len++] = '.';
        at[len++] = '0' + value.digits[i];
    }
    return (executor_bytes){at, len};
}

/* The same value with at least so many digits after the point, and room for at least so many before it. */
static inline executor_decimal executor_decimal_widened(executor_decimal value, uint32_t whole, uint32_t scale) {
    uint32_t own = value.len - value.scale, more = whole > own ? whole - own : 0;
    if (scale < value.scale) scale = value.scale;
    executor_decimal wide = executor_decimal_zeros(more + own + scale, scale);
    memcpy(wide.digits + more, value.digits, value.len);
    wide.negative = value.negative;
    return wide;
}

static inline int executor_digits_compare(const uint8_t *a, const uint8_t *b, uint32_t len) {
    for (uint32_t i = 0; i < len; i++)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* -1, 0 or 1, by value: 1.0 and 1 are equal. */
static inline int executor_decimal_compare(executor_decimal a, executor_decimal b) {
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    executor_decimal left = executor_decimal_widened(a, b.len - b.scale, b.scale);
    executor_decimal right = executor_decimal_widened(b, left.len - left.scale, left.scale);
    int order = executor_digits_compare(left.digits, right.digits, left.len);
    return a.negative ? -order : order;
}

static inline executor_decimal executor_decimal_negated(executor_decimal value) {
    value.negative = !value.negative;
    return executor_decimal_tidy(value);
}

static inline executor_decimal executor_decimal_add(executor_decimal a, executor_decimal b) {
    uint32_t whole = a.len - a.scale > b.len - b.scale ? a.len - a.scale : b.len - b.scale; /* and one for a carry */
    executor_decimal left = executor_decimal_widened(a, whole + 1, b.scale), right = executor_decimal_widened(b, whole + 1, a.scale);
    if (a.negative != b.negative && executor_digits_compare(left.digits, right.digits, left.len) < 0) {
        executor_decimal larger = right;
        right = left, left = larger;
    }
    int carry = 0;
    for (uint32_t i = left.len; i-- > 0;) {
        int digit = a.negative == b.negative ? left.digits[i] + right.digits[i] + carry : left.digits[i] - right.digits[i] - carry;
        carry = digit > 9 || digit < 0;
        left.digits[i] = (uint8_t)(digit < 0 ? digit + 10 : digit % 10);
    }
    return executor_decimal_tidy(left);
}

static inline executor_decimal executor_decimal_sub(executor_decimal a, executor_decimal b) {
    return executor_decimal_add(a, executor_decimal_negated(b));
}

static inline executor_decimal executor_decimal_mul(executor_decimal a, executor_decimal b) {
    executor_decimal made = executor_decimal_zeros(a.len + b.len, a.scale + b.scale);
    for (uint32_t i = a.len; i-- > 0;) {
        uint32_t carry = 0;
        for (uint32_t j = b.len; j-- > 0;) {
            carry += made.digits[i + j + 1] + (uint32_t)a.digits[i] * b.digits[j];
            made.digits[i + j + 1] = (uint8_t)(carry % 10), carry /= 10;
        }
        made.digits[i] = (uint8_t)carry;
    }
    made.negative = a.negative != b.negative;
    return executor_decimal_tidy(made);
}

/* Whether the digits cut off (the last ones, `lost` of them) take what is left away from zero. */
static inline bool executor_rounds_away(executor_decimal value, uint32_t lost, enum executor_rounding rounding) {
    const uint8_t *cut = value.digits + value.len - lost;
    bool rest = false;
    for (uint32_t i = 1; i < lost; i++) rest = rest || cut[i];
    if (!cut[0] && !rest) return false;
    switch (rounding) {
    case EXECUTOR_FLOOR: return value.negative;
    case EXECUTOR_CEIL: return !value.negative;
    case EXECUTOR_HALF_UP: return cut[0] >= 5;
    case EXECUTOR_HALF_EVEN: return cut[0] > 5 || (cut[0] == 5 && (rest || value.digits[value.len - lost - 1] % 2));
    case EXECUTOR_EXACT: executor_fail("digits of a decimal would be lost");
    default: return false;
    }
}

/* With exactly so many digits after the point. */
static inline executor_decimal executor_decimal_rounded(executor_decimal value, uint32_t places, enum executor_rounding rounding) {
    if (places >= value.scale) return executor_decimal_widened(value, 0, places);
    uint32_t lost = value.scale - places;
    executor_decimal made = executor_decimal_widened(value, value.len - value.scale + 1, 0);
    bool away = executor_rounds_away(made, lost, rounding);
    made.len -= lost, made.scale = places;
    for (uint32_t i = made.len; away && i-- > 0;) {
        away = made.digits[i] == 9;
        made.digits[i] = away ? 0 : made.digits[i] + 1;
    }
    return executor_decimal_tidy(made);
}

/* Times 10^places, as an integer. */
static inline executor_decimal executor_decimal_scaled(executor_decimal value, uint32_t places, enum executor_rounding rounding) {
    executor_decimal made = executor_decimal_rounded(value, places, rounding);
    made.scale = 0;
    return executor_decimal_tidy(made);
}

/* ---- doubles: the fewest digits that read back the same (Steele and White) ------------------------------------------ */

typedef struct {
    uint32_t limb[40]; /* least significant first; 2^1074 * 10 and what comes on top need 36 */
} executor_big;

static inline void executor_big_times(executor_big *value, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < 40; i++) carry += (uint64_t)value->limb[i] * factor, value->limb[i] = (uint32_t)carry, carry >>= 32;
}

static inline void executor_big_shift(executor_big *value, uint32_t bits) {
    for (; bits >= 16; bits -= 16) executor_big_times(value, 1u << 16);
    executor_big_times(value, 1u << bits);
}

static inline int executor_big_compare(const executor_big *a, const executor_big *b) {
    for (int i = 40; i-- > 0;)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

static inline executor_big executor_big_sum(executor_big a, const executor_big *b, bool subtract) {
    int64_t carry = 0;
    for (int i = 0; i < 40; i++) {
        carry += (int64_t)a.limb[i] + (subtract ? -(int64_t)b->limb[i] : (int64_t)b->limb[i]);
        a.limb[i] = (uint32_t)carry, carry >>= 32;
    }
    return a;
}

/* A finite double as a decimal text; of NaN and infinities the run fails. */
static inline executor_bytes executor_decimal_of_double(double number) {
    union { double number; uint64_t bits; } seen = {number};
    uint64_t fraction = seen.bits & 0xfffffffffffff;
    int exponent = (int)(seen.bits >> 52 & 0x7ff), point = 1;
    if (exponent == 0x7ff) executor_fail("not a decimal");
    if (!exponent && !fraction) return executor_text("0");
    bool even = !(fraction & 1), narrow = exponent > 1 && !fraction; /* half as far to the number below */
    if (exponent) fraction |= 1ull << 52;
    int power = (exponent ? exponent : 1) - 1075;
    /* number = rest / whole; above and below are half the ways to its neighbours, in the same parts */
    executor_big rest = {{(uint32_t)fraction, (uint32_t)(fraction >> 32)}}, whole = {{1}}, above = {{1}}, below = {{1}};
    executor_big_shift(&rest, narrow ? 2 : 1), executor_big_shift(&whole, narrow ? 2 : 1);
    if (narrow) executor_big_shift(&above, 1);
    if (power > 0) executor_big_shift(&rest, (uint32_t)power), executor_big_shift(&above, (uint32_t)power), executor_big_shift(&below, (uint32_t)power);
    else executor_big_shift(&whole, (uint32_t)-power);
    for (;; point++) {
        executor_big top = executor_big_sum(rest, &above, false), ten = whole;
        executor_big_times(&ten, 10);
        int order = executor_big_compare(&top, &ten);
        if (order < 0 || (order == 0 && !even)) break;
        whole = ten;
    }
    for (;; point--) {
        executor_big top = executor_big_sum(rest, &above, false);
        int order = executor_big_compare(&top, &whole);
        if (order > 0 || (order == 0 && even)) break;
        executor_big_times(&rest, 10), executor_big_times(&above, 10), executor_big_times(&below, 10);
    }
    executor_decimal made = executor_decimal_zeros(1100, 0);
    uint32_t len = 0;
    for (bool done = false; !done; ) {
        uint8_t digit = 0;
        while (executor_big_compare(&rest, &whole) >= 0) rest = executor_big_sum(rest, &whole, true), digit++;
        int low = executor_big_compare(&rest, &below);
        executor_big top = executor_big_sum(rest, &above, false), twice = executor_big_sum(rest, &rest, false);
        int high = executor_big_compare(&top, &whole);
        bool down = low < 0 || (low == 0 && even), up = high > 0 || (high == 0 && even);
        if (up && (!down || executor_big_compare(&twice, &whole) >= 0)) digit++;
        made.digits[len++] = digit;
        done = down || up;
        executor_big_times(&rest, 10), executor_big_times(&above, 10), executor_big_times(&below, 10);
    }
    /* point digits stand before the point; where there are fewer, zeros follow, or stand between */
    made.negative = seen.bits >> 63;
    if (point >= (int)len) {
        made.len = (uint32_t)point;
    } else {
        made.len = len, made.scale = (uint32_t)((int)len - point);
    }
    return executor_decimal_text(executor_decimal_tidy(made));
}

#endif
