/* executor_abi.h: Solidity's ABI by type names, as abi.encode and abi.decode have it.
 *
 *     executor_value values = executor_abi_decode("(uint256,string)[]", bytes);
 *     executor_bytes again = executor_abi_encode("(uint256,string)[]", values);
 *
 * Decoding is strict: offsets and lengths stay inside the data, padding is zero, numbers fit their types, text is UTF-8.
 */
#ifndef EXECUTOR_ABI_H
#define EXECUTOR_ABI_H

#include "executor_decimal.h"

/* Lists and tuples have items; all else has bytes: numbers and bools 32, big-endian and sign-extended, address 20, bytesN N. */
typedef struct executor_value {
    executor_bytes bytes;
    struct executor_value *items;
    uint32_t count;
} executor_value;

enum { EXECUTOR_ABI_DEPTH = 32 };

/* ---- values ------------------------------------------------------------------------------------------------------ */

static inline executor_value executor_value_of(executor_bytes bytes) { return (executor_value){bytes, NULL, 0}; }

static inline executor_value executor_items(executor_value *items, uint32_t count) { return (executor_value){{NULL, 0}, items, count}; }

static inline executor_value executor_value_of_bool(bool flag) { return executor_value_of(executor_abi_uint(executor_small(flag))); }

/* Two's complement of 32 bytes, in place. */
static inline void executor_word_negate(uint8_t *word) {
    uint32_t carry = 1;
    for (int i = 32; i-- > 0;) carry += (uint8_t)~word[i], word[i] = (uint8_t)carry, carry >>= 8;
}

/* An integer as a word; one that fits neither uint256 nor int256 ends the run, and so do digits after the point. */
static inline executor_value executor_value_of_decimal(executor_decimal integer) {
    integer = executor_decimal_scaled(integer, 0, EXECUTOR_EXACT);
    executor_uint256 magnitude = {{0}};
    for (uint32_t i = 0; i < integer.len; i++) executor_append_digit(&magnitude, integer.digits[i]);
    executor_bytes word = executor_abi_uint(magnitude);
    if (integer.negative) executor_word_negate((uint8_t *)word.at);
    if (integer.negative && !(word.at[0] & 0x80)) executor_fail("a decimal does not fit 256 bits");
    return executor_value_of(word);
}

/* An integer written out, such as "-2". */
static inline executor_value executor_value_of_integer(const char *text) {
    return executor_value_of_decimal(executor_decimal_of(executor_text(text)));
}

/* The number that a word is. */
static inline executor_decimal executor_decimal_of_word(executor_bytes word, bool is_signed) {
    if (word.len != 32) executor_fail("a number's word has 32 bytes");
    uint8_t rest[32];
    bool negative = is_signed && word.at[0] & 0x80;
    memcpy(rest, word.at, 32);
    if (negative) executor_word_negate(rest);
    executor_decimal made = executor_decimal_zeros(78, 0);
    for (uint32_t i = 78; i-- > 0;) {
        uint32_t remainder = 0;
        for (int j = 0; j < 32; j++) remainder = remainder << 8 | rest[j], rest[j] = (uint8_t)(remainder / 10), remainder %= 10;
        made.digits[i] = (uint8_t)remainder;
    }
    made.negative = negative;
    return executor_decimal_tidy(made);
}

/* Whether bytes are UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF. */
static inline bool executor_is_utf8(executor_bytes text) {
    for (uint32_t i = 0; i < text.len;) {
        uint8_t first = text.at[i++], low = 0x80, high = 0xbf;
        uint32_t more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 9;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
        if (more > text.len - i) return false;
        for (; more; more--, low = 0x80, high = 0xbf)
            if (text.at[i] < low || text.at[i++] > high) return false;
    }
    return true;
}

/* ---- types ------------------------------------------------------------------------------------------------------- */

typedef struct executor_type {
    enum { EXECUTOR_UINT, EXECUTOR_INT, EXECUTOR_ADDRESS, EXECUTOR_BOOL, EXECUTOR_FIXED, EXECUTOR_BYTES, EXECUTOR_STRING, EXECUTOR_ARRAY, EXECUTOR_LIST, EXECUTOR_TUPLE } kind;
    uint32_t width;              /* of numbers in bits; of bytesN; of T[k] how many */
    struct executor_type *parts; /* of tuples; of arrays one, the element's */
    uint32_t count;
    bool dynamic;
    uint32_t size; /* of its head */
} executor_type;

static inline executor_type executor_type_named(executor_bytes name) {
    static const char *const NAMES[] = {"uint", "int", "address", "bool", "bytes", "string"};
    static const uint8_t KINDS[] = {EXECUTOR_UINT, EXECUTOR_INT, EXECUTOR_ADDRESS, EXECUTOR_BOOL, EXECUTOR_BYTES, EXECUTOR_STRING};
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t len = executor_length(NAMES[i]), width = 0, at = len;
        if (name.len < len || !executor_equal((executor_bytes){name.at, len}, executor_text(NAMES[i]))) continue;
        for (; at < name.len && at < len + 3 && name.at[at] >= '0' && name.at[at] <= '9'; at++) width = width * 10 + (name.at[at] - '0');
        bool plain = name.len == len, written = !plain && at == name.len && name.at[len] != '0';
        executor_type type = {KINDS[i], plain ? 256 : width, NULL, 0, i >= 4 && plain, 32};
        if (i < 2 && (plain || (written && width % 8 == 0 && width <= 256))) return type;
        if (i == 4 && written && width <= 32) return type.kind = EXECUTOR_FIXED, type;
        if (i >= 2 && plain) return type;
    }
    executor_fail("unknown type");
}

/* The type that begins at *at, which is moved behind it. */
static inline executor_type executor_type_at(const char **at, uint32_t depth) {
    executor_type type;
    if (depth > EXECUTOR_ABI_DEPTH) executor_fail("the type is nested too deeply");
    if (**at == '(') {
        type = (executor_type){EXECUTOR_TUPLE, 0, executor_alloc(0), 0, false, 0};
        do {
            ++*at;
            executor_type part = executor_type_at(at, depth + 1), *parts = executor_alloc((type.count + 1) * sizeof(executor_type));
            memcpy(parts, type.parts, type.count * sizeof(executor_type));
            parts[type.count++] = part, type.parts = parts;
            type.dynamic = type.dynamic || part.dynamic, type.size += part.size;
        } while (**at == ',');
        if (*(*at)++ != ')') executor_fail("unknown type");
        if (type.dynamic) type.size = 32;
    } else {
        const char *start = *at;
        while ((**at >= 'a' && **at <= 'z') || (**at >= '0' && **at <= '9')) ++*at;
        type = executor_type_named((executor_bytes){(const uint8_t *)start, (uint32_t)(*at - start)});
    }
    while (**at == '[') {
        executor_type *element = executor_alloc(sizeof(executor_type));
        uint32_t length = 0, digits = 0;
        *element = type;
        for (++*at; **at >= '0' && **at <= '9' && digits < 5; ++*at, digits++) length = length * 10 + (uint32_t)(**at - '0');
        if (*(*at)++ != ']' || (digits && !length) || length > 65535) executor_fail("unknown type");
        bool dynamic = !digits || element->dynamic;
        type = (executor_type){digits ? EXECUTOR_ARRAY : EXECUTOR_LIST, length, element, 1, dynamic, dynamic ? 32 : length * element->size};
    }
    return type;
}

/* A whole type; several, as abi.encode takes them, are those of a tuple: "(uint256,string)". */
static inline executor_type executor_type_of(const char *text) {
    executor_type type = executor_type_at(&text, 0);
    if (*text) executor_fail("unknown type");
    return type;
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

static inline executor_bytes executor_abi_padded(executor_bytes bytes, bool left) {
    uint32_t padding = (32 - bytes.len % 32) % 32;
    uint8_t *zeros = executor_alloc(padding);
    memset(zeros, 0, padding);
    executor_bytes none = {zeros, padding};
    return left ? executor_concat(none, bytes) : executor_concat(bytes, none);
}

/* Whether a word is one of this type. */
static inline bool executor_word_fits(executor_type type, executor_bytes word) {
    if (type.kind == EXECUTOR_BOOL) type.width = 8;
    uint32_t spare = 32 - type.width / 8;
    uint8_t filler = type.kind == EXECUTOR_INT && word.at[spare < 32 ? spare : 31] & 0x80 ? 0xff : 0;
    for (uint32_t i = 0; i < spare; i++)
        if (word.at[i] != filler) return false;
    return type.kind != EXECUTOR_BOOL || word.at[31] < 2;
}

static inline executor_bytes executor_abi_write(executor_type type, executor_value value);

/* Heads, then tails. With parts == 1 all items have the type of the first. */
static inline executor_bytes executor_abi_sequence(const executor_type *parts, uint32_t step, executor_value value) {
    uint32_t offset = 0;
    for (uint32_t i = 0; i < value.count; i++) offset += parts[i * step].size;
    executor_bytes heads = {NULL, 0}, tails = {NULL, 0};
    for (uint32_t i = 0; i < value.count; i++) {
        executor_bytes written = executor_abi_write(parts[i * step], value.items[i]);
        if (parts[i * step].dynamic) {
            heads = executor_concat(heads, executor_abi_uint(executor_small(offset + tails.len)));
            tails = executor_concat(tails, written);
        } else {
            heads = executor_concat(heads, written);
        }
    }
    return executor_concat(heads, tails);
}

static inline executor_bytes executor_abi_write(executor_type type, executor_value value) {
    executor_bytes bytes = value.bytes;
    switch (type.kind) {
    case EXECUTOR_TUPLE:
        if (value.count != type.count) executor_fail("a tuple has as many items as its type");
        return executor_abi_sequence(type.parts, 1, value);
    case EXECUTOR_ARRAY:
        if (value.count != type.width) executor_fail("an array has as many items as its type says");
        return executor_abi_sequence(type.parts, 0, value);
    case EXECUTOR_LIST:
        return executor_concat(executor_abi_uint(executor_small(value.count)), executor_abi_sequence(type.parts, 0, value));
    case EXECUTOR_STRING:
    case EXECUTOR_BYTES:
        return executor_concat(executor_abi_uint(executor_small(bytes.len)), executor_abi_padded(bytes, false));
    case EXECUTOR_FIXED:
        if (bytes.len != type.width) executor_fail("bytesN has N bytes");
        return executor_abi_padded(bytes, false);
    case EXECUTOR_ADDRESS:
        if (bytes.len != 20) executor_fail("an address has 20 bytes");
        return executor_abi_padded(bytes, true);
    default:
        if (bytes.len != 32 || !executor_word_fits(type, bytes)) executor_fail("a number does not fit its type");
        return bytes;
    }
}

/* abi.encode of one value. A tuple is encoded as its parts are: abi.encode(a, b) of "(uint256,string)". */
static inline executor_bytes executor_abi_encode(const char *type, executor_value value) {
    executor_type parsed = executor_type_of(type);
    if (parsed.kind == EXECUTOR_TUPLE) return executor_abi_write(parsed, value);
    return executor_abi_sequence(&parsed, 1, executor_items(&value, 1));
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

_Noreturn static inline void executor_abi_refuse(void) { executor_fail("the data do not fit their types"); }

static inline executor_bytes executor_abi_take(executor_bytes data, uint32_t at, uint32_t len) {
    if (at > data.len || len > data.len - at) executor_abi_refuse();
    return (executor_bytes){data.at + at, len};
}

/* An offset or length: what leaves the data is refused before anything is made of it. */
static inline uint32_t executor_abi_small(executor_bytes data, uint32_t at) {
    executor_bytes word = executor_abi_take(data, at, 32);
    uint32_t number = 0;
    for (uint32_t i = 0; i < 32; i++) {
        if (i < 28 && word.at[i]) executor_abi_refuse();
        number = number << 8 | word.at[i];
    }
    if (number > data.len) executor_abi_refuse();
    return number;
}

/* The first `len` of some bytes whose others are zero. */
static inline executor_bytes executor_abi_unpadded(executor_bytes bytes, uint32_t from, uint32_t len) {
    for (uint32_t i = 0; i < bytes.len; i++)
        if ((i < from || i - from >= len) && bytes.at[i]) executor_abi_refuse();
    return (executor_bytes){bytes.at + from, len};
}

static inline executor_value executor_abi_read(executor_type type, executor_bytes data, uint32_t at);

/* Heads stand one after the other from base; offsets count from base. */
static inline executor_value executor_abi_items(const executor_type *parts, uint32_t step, uint32_t count, executor_bytes data, uint32_t base) {
    executor_value *items = executor_alloc(count * (uint32_t)sizeof(executor_value));
    for (uint32_t i = 0, at = base; i < count; at += parts[i * step].size, i++)
        items[i] = executor_abi_read(parts[i * step], data, parts[i * step].dynamic ? base + executor_abi_small(data, at) : at);
    return executor_items(items, count);
}

static inline executor_value executor_abi_read(executor_type type, executor_bytes data, uint32_t at) {
    switch (type.kind) {
    case EXECUTOR_TUPLE:
        return executor_abi_items(type.parts, 1, type.count, data, at);
    case EXECUTOR_LIST:
    case EXECUTOR_ARRAY: {
        uint32_t count = type.kind == EXECUTOR_LIST ? executor_abi_small(data, at) : type.width;
        uint32_t base = type.kind == EXECUTOR_LIST ? at + 32 : at;
        if (base > data.len || count > (data.len - base) / type.parts->size) executor_abi_refuse();
        return executor_abi_items(type.parts, 0, count, data, base);
    }
    case EXECUTOR_STRING:
    case EXECUTOR_BYTES: {
        uint32_t len = executor_abi_small(data, at);
        executor_bytes room = executor_abi_take(data, at + 32, len + (32 - len % 32) % 32);
        executor_bytes found = executor_abi_unpadded(room, 0, len);
        if (type.kind == EXECUTOR_STRING && !executor_is_utf8(found)) executor_abi_refuse();
        return executor_value_of(found);
    }
    case EXECUTOR_FIXED:
        return executor_value_of(executor_abi_unpadded(executor_abi_take(data, at, 32), 0, type.width));
    case EXECUTOR_ADDRESS:
        return executor_value_of(executor_abi_unpadded(executor_abi_take(data, at, 32), 12, 20));
    default: {
        executor_bytes word = executor_abi_take(data, at, 32);
        if (!executor_word_fits(type, word)) executor_abi_refuse();
        return executor_value_of(word);
    }
    }
}

/* abi.decode of one value, a tuple for several; data that do not fit end the run. Numbers and bytes are parts of the data. */
static inline executor_value executor_abi_decode(const char *type, executor_bytes data) {
    executor_type parsed = executor_type_of(type);
    if (parsed.kind == EXECUTOR_TUPLE) return executor_abi_read(parsed, data, 0);
    return executor_abi_items(&parsed, 1, 1, data, 0).items[0];
}

#endif
