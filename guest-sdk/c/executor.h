/* executor.h: the guest ABI, version 1, for C. Header only, freestanding (no libc): see README.md for ten lines that work.
 *
 * Memory comes from a bump allocator and is never given back: a run is short and its instance is thrown away.
 * Whatever goes wrong ends the run with executor_fail: there are no error codes to forget.
 */
#ifndef EXECUTOR_H
#define EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the ABI -------------------------------------------------------------------------------------------------- */

#define EXECUTOR_IMPORT(name) __attribute__((import_module("executor"), import_name(name)))
#define EXECUTOR_EXPORT(name) __attribute__((export_name(name), used))

EXECUTOR_IMPORT("observe") int64_t executor_import_observe(const void *spec, uint32_t len);
EXECUTOR_IMPORT("propose") void executor_import_propose(int32_t kind, const void *bytes, uint32_t len);
EXECUTOR_IMPORT("call") int64_t executor_import_call(const void *op, uint32_t op_len, const void *req, uint32_t req_len);
EXECUTOR_IMPORT("read") void executor_import_read(void *destination);
EXECUTOR_IMPORT("fail") void executor_import_fail(const void *bytes, uint32_t len);
EXECUTOR_IMPORT("log") void executor_import_log(int32_t level, const void *bytes, uint32_t len);

/* ---- bytes and memory ----------------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *at;
    uint32_t len;
} executor_bytes;

static inline uint32_t executor_length(const char *text) {
    uint32_t len = 0;
    while (text[len]) len++;
    return len;
}

static inline executor_bytes executor_text(const char *text) {
    return (executor_bytes){(const uint8_t *)text, executor_length(text)};
}

/* Ends the run as Failed with this text. */
_Noreturn static inline void executor_fail(const char *text) {
    executor_import_fail(text, executor_length(text));
    __builtin_trap();
}

extern uint8_t __heap_base; /* set by the linker: everything above it is free */

/* Room for len bytes, aligned to 16; never freed. */
EXECUTOR_EXPORT("alloc") void *executor_alloc(uint32_t len) {
    static uint32_t top;
    uint32_t at = top ? top : ((uint32_t)(uintptr_t)&__heap_base + 15) & ~15u;
    uint32_t room = (uint32_t)__builtin_wasm_memory_size(0) * 65536u;
    if (len > 0x7fffffffu - at) executor_fail("out of memory");
    uint32_t end = (at + (len ? len : 1) + 15) & ~15u;
    if (end > room && __builtin_wasm_memory_grow(0, (end - room + 65535) >> 16) == (size_t)-1) executor_fail("out of memory");
    top = end;
    return (void *)(uintptr_t)at;
}

/* The compiler may call these for assignments and initialisers. */
__attribute__((weak)) void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    uint8_t *out = to;
    const uint8_t *in = from;
    while (len--) *out++ = *in++;
    return to;
}

__attribute__((weak)) void *memset(void *to, int byte, size_t len) {
    uint8_t *out = to;
    while (len--) *out++ = (uint8_t)byte;
    return to;
}

static inline bool executor_equal(executor_bytes a, executor_bytes b) {
    if (a.len != b.len) return false;
    for (uint32_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i]) return false;
    return true;
}

static inline executor_bytes executor_concat(executor_bytes a, executor_bytes b) {
    if (a.len > 0x7fffffffu - b.len) executor_fail("out of memory");
    uint8_t *at = executor_alloc(a.len + b.len);
    memcpy(at, a.at, a.len);
    memcpy(at + a.len, b.at, b.len);
    return (executor_bytes){at, a.len + b.len};
}

/* Ends the run as Failed with this text, shortened to 1,024 bytes of whole characters. */
_Noreturn static inline void executor_fail_with(executor_bytes text) {
    uint32_t len = text.len > 1024 ? 1024 : text.len;
    while (len < text.len && len && (text.at[len] & 0xc0) == 0x80) len--;
    if (!len) text = executor_text("failed"), len = text.len;
    executor_import_fail(text.at, len);
    __builtin_trap();
}

/* Defines the function:  EXECUTOR_FUNCTION(input) { ... return executor_text("done"); } */
#define EXECUTOR_FUNCTION(input)                                                                         \
    static executor_bytes executor_user_function(executor_bytes input);                                  \
    EXECUTOR_EXPORT("run") uint64_t executor_run(const uint8_t *at, uint32_t len) {                      \
        executor_bytes output = executor_user_function((executor_bytes){at, len});                       \
        return (uint64_t)(uintptr_t)output.at << 32 | output.len;                                        \
    }                                                                                                    \
    static executor_bytes executor_user_function(executor_bytes input)

/* ---- logging, observing, calling ------------------------------------------------------------------------------ */

enum executor_level { EXECUTOR_DEBUG, EXECUTOR_INFO, EXECUTOR_WARN, EXECUTOR_ERROR };

static inline void executor_log(enum executor_level level, const char *text) {
    executor_import_log(level, text, executor_length(text));
}

static inline void executor_log_bytes(enum executor_level level, executor_bytes text) {
    executor_import_log(level, text.at, text.len);
}

static inline executor_bytes executor_read_answer(int64_t packed) {
    uint32_t len = (uint32_t)packed;
    uint8_t *at = executor_alloc(len);
    executor_import_read(at);
    return (executor_bytes){at, len};
}

enum executor_kind { EXECUTOR_VALUE, EXECUTOR_AGREED_ERROR, EXECUTOR_DEFAULT };

typedef struct {
    enum executor_kind kind;
    executor_bytes bytes; /* the agreed value; or the error: its code, sometimes with ": " and a reason after it */
} executor_agreed;

/* Looks for itself: returns a value, or calls executor_observation_failed. Runs on a node that is looking only. */
typedef executor_bytes (*executor_look)(void *state);

/* Ends a look without a value; code is 1 to 64 of [a-z0-9-]. */
_Noreturn static inline void executor_observation_failed(executor_bytes code) {
    executor_import_propose(1, code.at, code.len);
    __builtin_trap();
}

/* The next observation. spec is canonical JSON, such as {"aggregate":"median","label":"eth-usd"}. */
static inline executor_agreed executor_observe(const char *spec, executor_look look, void *state) {
    int64_t packed = executor_import_observe(spec, executor_length(spec));
    if (packed == -1) {
        executor_bytes value = look(state);
        executor_import_propose(0, value.at, value.len);
        __builtin_trap();
    }
    return (executor_agreed){(enum executor_kind)(packed >> 32), executor_read_answer(packed)};
}

typedef struct {
    bool ok;
    executor_bytes bytes; /* the response, or the error's code */
} executor_response;

static inline executor_response executor_call(const char *operation, executor_bytes request) {
    int64_t packed = executor_import_call(operation, executor_length(operation), request.at, request.len);
    bool ok = packed >> 32 == 0;
    return (executor_response){ok, executor_read_answer(packed)};
}

static inline executor_bytes executor_keccak256(executor_bytes bytes) {
    return executor_call("crypto.keccak256", bytes).bytes;
}

/* The request's context as canonical JSON: read it with executor_json_*. */
static inline executor_bytes executor_context(void) {
    return executor_call("input.context", (executor_bytes){NULL, 0}).bytes;
}

/* ---- randomness (docs/randomness.md) and time ---------------------------------------------------------------------- */

typedef struct {
    uint8_t block[64]; /* abi.encode(seed, number of the next word) */
} executor_stream;

/* 32 bytes that nobody in the committee chose. Draws come last: after one, observe ends the run. */
static inline executor_bytes executor_draw(void) {
    executor_response answer = executor_call("random.draw", (executor_bytes){NULL, 0});
    if (!answer.ok) executor_fail("random.draw works only outside a look");
    return answer.bytes;
}

/* Choices made of a seed of 32 bytes, alike in every SDK. One seed serves one purpose: two streams of it are the same. */
static inline executor_stream executor_stream_of(executor_bytes seed) {
    executor_stream stream = {{0}};
    if (seed.len != 32) executor_fail("a stream's seed has 32 bytes");
    memcpy(stream.block, seed.at, 32);
    return stream;
}

/* The stream's next word: 32 bytes, a big-endian number. */
static inline executor_bytes executor_stream_word(executor_stream *stream) {
    executor_bytes word = executor_keccak256((executor_bytes){stream->block, 64});
    for (int at = 63; at >= 32 && !++stream->block[at]; at--) continue;
    return word;
}

/* So many bytes: whole words one after the other, the last one cut. */
static inline executor_bytes executor_random_bytes(executor_stream *stream, uint32_t len) {
    uint8_t *made = executor_alloc(len);
    for (uint32_t at = 0; at < len; at += 32)
        memcpy(made + at, executor_stream_word(stream).at, len - at < 32 ? len - at : 32);
    return (executor_bytes){made, len};
}

/* A word modulo n, or n for a word at the top, of which not every remainder has equally many. */
static inline uint32_t executor_word_below(executor_bytes word, uint32_t n) {
    uint64_t rest = 0, last = 0, surplus = 1; /* 2^256 modulo n */
    bool high = true;                         /* whether all but the last eight bytes are 255 */
    for (int i = 0; i < 8; i++) surplus = (surplus << 32) % n;
    for (int i = 0; i < 32; i++) {
        rest = (rest << 8 | word.at[i]) % n;
        if (i < 24) high = high && word.at[i] == 255;
        else last = last << 8 | word.at[i];
    }
    return high && ~last < surplus ? n : (uint32_t)rest;
}

/* A number in [0, n), each as likely as any other. */
static inline uint32_t executor_below(executor_stream *stream, uint32_t n) {
    if (!n) executor_fail("there is no number below zero");
    for (;;) {
        uint32_t number = executor_word_below(executor_stream_word(stream), n);
        if (number < n) return number;
    }
}

/* Twice a number and a bit, modulo n. */
static inline uint64_t executor_doubled(uint64_t rest, uint64_t n, uint32_t bit) {
    uint64_t doubled = rest << 1 | bit;
    return rest >> 63 || doubled >= n ? doubled - n : doubled;
}

/* A word modulo n, or n for a word at the top: executor_word_below for any n of 64 bits. */
static inline uint64_t executor_word_below_64(executor_bytes word, uint64_t n) {
    uint64_t rest = 0, last = 0, surplus = 1 % n; /* 2^256 modulo n */
    bool high = true;
    for (int i = 0; i < 256; i++) surplus = executor_doubled(surplus, n, 0);
    for (int i = 0; i < 32; i++) {
        for (int bit = 7; bit >= 0; bit--) rest = executor_doubled(rest, n, word.at[i] >> bit & 1);
        if (i < 24) high = high && word.at[i] == 255;
        else last = last << 8 | word.at[i];
    }
    return high && ~last < surplus ? n : rest;
}

/* executor_below for any n of 64 bits: the same number where n fits 32. */
static inline uint64_t executor_below_64(executor_stream *stream, uint64_t n) {
    if (!n) executor_fail("there is no number below zero");
    for (;;) {
        uint64_t number = executor_word_below_64(executor_stream_word(stream), n);
        if (number < n) return number;
    }
}

/* The first `count` of `items` become a sample of them in random order; with count = len it is a shuffle. */
static inline void executor_sample(executor_stream *stream, uint32_t *items, uint32_t len, uint32_t count) {
    if (count > len) executor_fail("a sample larger than what it is of");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = i + executor_below(stream, len - i), item = items[i];
        items[i] = items[place];
        items[place] = item;
    }
}

/* The list in random order: `len` items of `size` bytes each, moved within it. */
static inline void executor_shuffle(executor_stream *stream, void *items, uint32_t len, uint32_t size) {
    uint8_t *at = items;
    for (uint32_t i = 0; i < len; i++) {
        uint8_t *own = at + (size_t)i * size, *place = at + (size_t)(i + executor_below(stream, len - i)) * size;
        for (uint32_t k = 0; k < size; k++) {
            uint8_t kept = own[k];
            own[k] = place[k];
            place[k] = kept;
        }
    }
}

/* What this node's clock shows: seconds since 1970 as a decimal, for an observation under median. Inside a look only. */
static inline executor_bytes executor_local_time(void) {
    executor_response answer = executor_call("time.now", (executor_bytes){NULL, 0});
    if (!answer.ok) executor_observation_failed(answer.bytes);
    return answer.bytes;
}

/* ---- HTTP (docs/wire.md §5), inside a look only ----------------------------------------------------------------- */

static inline uint32_t executor_read_u32(executor_bytes bytes, uint32_t at) {
    if (bytes.len < 4 || at > bytes.len - 4) executor_fail("a message is too short");
    return (uint32_t)bytes.at[at] | (uint32_t)bytes.at[at + 1] << 8 | (uint32_t)bytes.at[at + 2] << 16 |
           (uint32_t)bytes.at[at + 3] << 24;
}

static inline executor_bytes executor_u32(uint32_t value) {
    uint8_t *at = executor_alloc(4);
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
    return (executor_bytes){at, 4};
}

/* A GET without headers. The url must need no JSON escapes. */
static inline executor_bytes executor_http_get_message(const char *url) {
    executor_bytes head = executor_concat(executor_text("{\"method\":\"GET\",\"url\":\""), executor_text(url));
    head = executor_concat(head, executor_text("\"}"));
    return executor_concat(executor_u32(head.len), head);
}

static inline executor_bytes executor_http_head(executor_bytes message) {
    uint32_t len = executor_read_u32(message, 0);
    if (len > message.len - 4) executor_fail("a message is too short");
    return (executor_bytes){message.at + 4, len};
}

static inline executor_bytes executor_http_body(executor_bytes message) {
    executor_bytes head = executor_http_head(message);
    return (executor_bytes){head.at + head.len, message.len - 4 - head.len};
}

/* ---- EVM chains (docs/wire.md §10), inside a look only ------------------------------------------------------------ */

/* 0x and the digits of bytes. */
static inline executor_bytes executor_hex(executor_bytes bytes) {
    if (bytes.len > 0x3ffffffeu) executor_fail("out of memory");
    uint8_t *at = executor_alloc(2 + 2 * bytes.len);
    at[0] = '0', at[1] = 'x';
    for (uint32_t i = 0; i < 2 * bytes.len; i++) at[2 + i] = (uint8_t)"0123456789abcdef"[bytes.at[i / 2] >> (i % 2 ? 0 : 4) & 15];
    return (executor_bytes){at, 2 + 2 * bytes.len};
}

static inline uint32_t executor_hex_digit(uint8_t c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* Bytes of hex digits, with or without 0x; anything else ends the run. */
static inline executor_bytes executor_from_hex(executor_bytes text) {
    uint32_t from = text.len >= 2 && text.at[0] == '0' && text.at[1] == 'x' ? 2 : 0, len = (text.len - from) / 2;
    uint8_t *at = executor_alloc(len);
    for (uint32_t i = 0; i < 2 * len; i++) {
        uint32_t digit = executor_hex_digit(text.at[from + i]);
        if (digit > 15) executor_fail("not a hex string");
        at[i / 2] = (uint8_t)(i % 2 ? at[i / 2] << 4 | digit : digit);
    }
    if ((text.len - from) % 2) executor_fail("not a hex string");
    return (executor_bytes){at, len};
}

/* What a contract (20 bytes) returns for calldata. place is "" for the request's own block on the home chain, else such as
   ",\"block\":19000000,\"chain\":8453". A call that fails ends the look with the capability's code. */
static inline executor_bytes executor_evm_call(executor_bytes contract, executor_bytes calldata, const char *place) {
    executor_bytes request = executor_concat(executor_text("{\"to\":\""), executor_hex(contract));
    request = executor_concat(request, executor_text("\",\"data\":\""));
    request = executor_concat(request, executor_hex(calldata));
    request = executor_concat(request, executor_concat(executor_text("\""), executor_text(place)));
    executor_response answer = executor_call("evm.call", executor_concat(request, executor_text("}")));
    if (!answer.ok) executor_observation_failed(answer.bytes);
    return answer.bytes;
}

/* ---- sets and lists of texts: what union, intersection, frequency, common-prefix and common-suffix take ---------- */

/* Where a UTF-8 byte stands among UTF-16 code units: the four-byte characters come before U+E000 (bytes ee and ef). */
static inline int executor_utf16_rank(uint8_t byte) {
    return byte >= 0xf0 ? byte - 2 : byte >= 0xee ? byte + 16 : byte;
}

static inline bool executor_utf16_before(executor_bytes a, executor_bytes b) {
    for (uint32_t i = 0; i < a.len && i < b.len; i++)
        if (a.at[i] != b.at[i]) return executor_utf16_rank(a.at[i]) < executor_utf16_rank(b.at[i]);
    return a.len < b.len;
}

/* A text as a JSON string, in the one form that RFC 8785 has for it. The text must be UTF-8. */
static inline executor_bytes executor_json_string(executor_bytes text) {
    if (text.len > 0x0fffffffu) executor_fail("out of memory");
    uint8_t *at = executor_alloc(6 * text.len + 2);
    uint32_t len = 0;
    at[len++] = '"';
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        uint8_t letter = c == '"' || c == '\\' ? c : c == 8 ? 'b' : c == 9 ? 't' : c == 10 ? 'n' : c == 12 ? 'f' : c == 13 ? 'r' : 0;
        if (letter) {
            at[len++] = '\\', at[len++] = letter;
        } else if (c < 32) {
            const uint8_t escape[6] = {'\\', 'u', '0', '0', (uint8_t)('0' + (c >> 4)), (uint8_t)"0123456789abcdef"[c & 15]};
            memcpy(at + len, escape, 6), len += 6;
        } else {
            at[len++] = c;
        }
    }
    at[len++] = '"';
    return (executor_bytes){at, len};
}

/* Texts as a list, in the order they have. */
static inline executor_bytes executor_list(const executor_bytes *texts, uint32_t count) {
    executor_bytes json = executor_text("[");
    for (uint32_t i = 0; i < count; i++) {
        if (i) json = executor_concat(json, executor_text(","));
        json = executor_concat(json, executor_json_string(texts[i]));
    }
    return executor_concat(json, executor_text("]"));
}

/* Texts as a set: each once, in the order of their UTF-16 code units. Arranges `texts` on the way. */
static inline executor_bytes executor_set(executor_bytes *texts, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        executor_bytes text = texts[i];
        uint32_t place = kept;
        while (place && executor_utf16_before(text, texts[place - 1])) place--;
        if (place && executor_equal(text, texts[place - 1])) continue;
        for (uint32_t j = kept++; j > place; j--) texts[j] = texts[j - 1];
        texts[place] = text;
    }
    return executor_list(texts, kept);
}

/* ---- JSON: enough to pick strings and numbers out of an answer --------------------------------------------------- */

static inline uint32_t executor_json_skip_space(executor_bytes json, uint32_t i) {
    while (i < json.len && (json.at[i] == ' ' || json.at[i] == '\n' || json.at[i] == '\r' || json.at[i] == '\t')) i++;
    return i;
}

/* The position after the string that begins at i; json.len if it never ends. */
static inline uint32_t executor_json_skip_string(executor_bytes json, uint32_t i) {
    for (i++; i < json.len && json.at[i] != '"'; i++)
        if (json.at[i] == '\\') i++;
    return i < json.len ? i + 1 : json.len;
}

/* The position after the value that begins at i: brackets are matched, what is between them is not checked. */
static inline uint32_t executor_json_skip_value(executor_bytes json, uint32_t i) {
    uint32_t depth = 0;
    while (i < json.len) {
        uint8_t c = json.at[i];
        if (c == '"') {
            i = executor_json_skip_string(json, i);
            if (!depth) return i;
            continue;
        }
        if (c == '{' || c == '[') depth++;
        if (c == '}' || c == ']' || c == ',') {
            if (!depth) return i;
            if (c != ',' && !--depth) return i + 1;
        }
        i++;
    }
    return i;
}

static inline executor_bytes executor_json_value_at(executor_bytes json, uint32_t i) {
    i = executor_json_skip_space(json, i);
    uint32_t end = executor_json_skip_value(json, i);
    while (end > i && executor_json_skip_space(json, end - 1) >= end && json.at[end - 1] <= ' ') end--;
    return (executor_bytes){json.at + i, end - i};
}

/* The raw value of an object's member; len 0 if there is none. Keys are compared as written, without escapes. */
static inline executor_bytes executor_json_member(executor_bytes json, const char *key) {
    executor_bytes wanted = executor_text(key);
    uint32_t i = executor_json_skip_space(json, 0);
    if (i >= json.len || json.at[i] != '{') return (executor_bytes){json.at, 0};
    for (i++; i < json.len;) {
        i = executor_json_skip_space(json, i);
        if (i >= json.len || json.at[i] != '"') break;
        uint32_t after = executor_json_skip_string(json, i);
        executor_bytes name = {json.at + i + 1, after >= i + 2 ? after - i - 2 : 0};
        i = executor_json_skip_space(json, after);
        if (i >= json.len || json.at[i] != ':') break;
        executor_bytes value = executor_json_value_at(json, i + 1);
        if (executor_equal(name, wanted)) return value;
        i = executor_json_skip_space(json, (uint32_t)(value.at - json.at) + value.len);
        if (i >= json.len || json.at[i] != ',') break;
        i++;
    }
    return (executor_bytes){json.at, 0};
}

/* The raw value of an array's element; len 0 if there is none. */
static inline executor_bytes executor_json_element(executor_bytes json, uint32_t index) {
    uint32_t i = executor_json_skip_space(json, 0);
    if (i >= json.len || json.at[i] != '[') return (executor_bytes){json.at, 0};
    for (i++; i < json.len; index--) {
        executor_bytes value = executor_json_value_at(json, i);
        if (!value.len || !index) return value;
        i = executor_json_skip_space(json, (uint32_t)(value.at - json.at) + value.len);
        if (i >= json.len || json.at[i] != ',') break;
        i++;
    }
    return (executor_bytes){json.at, 0};
}

/* The text of a string without escapes, or of a number or literal as written. */
static inline executor_bytes executor_json_text(executor_bytes value) {
    if (value.len < 2 || value.at[0] != '"') return value;
    return (executor_bytes){value.at + 1, value.len - 2};
}

/* The body of a 2xx answer; anything else ends the look: with the capability's code, or "http-status". */
static inline executor_bytes executor_http_get(const char *url) {
    executor_response answer = executor_call("http.fetch", executor_http_get_message(url));
    if (!answer.ok) executor_observation_failed(answer.bytes);
    executor_bytes status = executor_json_member(executor_http_head(answer.bytes), "status");
    if (status.len != 3 || status.at[0] != '2') executor_observation_failed(executor_text("http-status"));
    return executor_http_body(answer.bytes);
}

/* ---- private data (docs/secrets.md), inside a look only ----------------------------------------------------------- */

/* A capability's response; its error is what this look observes. */
static inline executor_bytes executor_live(const char *operation, executor_bytes request) {
    executor_response response = executor_call(operation, request);
    if (!response.ok) executor_observation_failed(response.bytes);
    return response.bytes;
}

/* The value that the function's owner put under this name. */
static inline executor_bytes executor_secret(const char *name) {
    return executor_live("secrets.get", executor_text(name));
}

/* The text of an envelope, which must be part of the request's input. */
static inline executor_bytes executor_private_input(executor_bytes envelope) {
    return executor_live("input.private", envelope);
}

/* ---- decimals ---------------------------------------------------------------------------------------------------- */

/* Least significant limb first. */
typedef struct {
    uint32_t limb[8];
} executor_uint256;

/* value = value * 10 + digit; ends the run when 256 bits are too few. */
static inline void executor_append_digit(executor_uint256 *value, uint32_t digit) {
    uint64_t carry = digit;
    for (int i = 0; i < 8; i++) {
        carry += (uint64_t)value->limb[i] * 10;
        value->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) executor_fail("a decimal does not fit 256 bits");
}

/* Whether this is a decimal of the protocol: -?(0|[1-9][0-9]*)(\.[0-9]+)?, at most 78 digits. */
static inline bool executor_is_decimal(executor_bytes text) {
    uint32_t i = text.len && text.at[0] == '-' ? 1 : 0, whole = 0, fraction = 0;
    bool zero = i < text.len && text.at[i] == '0';
    for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) whole++;
    if (!whole || (zero && whole > 1)) return false;
    if (i < text.len) {
        if (text.at[i++] != '.') return false;
        for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) fraction++;
        if (!fraction) return false;
    }
    return i == text.len && whole + fraction <= 78;
}

/* A non-negative decimal times 10^places, further digits cut off. */
static inline executor_uint256 executor_scaled(executor_bytes text, uint32_t places) {
    if (!executor_is_decimal(text) || text.at[0] == '-') executor_fail("not a non-negative decimal");
    executor_uint256 value = {{0}};
    uint32_t fraction = 0;
    bool after_point = false;
    for (uint32_t i = 0; i < text.len && !(after_point && fraction == places); i++) {
        if (text.at[i] == '.') {
            after_point = true;
            continue;
        }
        executor_append_digit(&value, text.at[i] - '0');
        fraction += after_point;
    }
    for (; fraction < places; fraction++) executor_append_digit(&value, 0);
    return value;
}

/* A non-negative integer, such as a number of the context. */
static inline executor_uint256 executor_integer(executor_bytes text) { return executor_scaled(text, 0); }

/* ---- Solidity ABI ------------------------------------------------------------------------------------------------ */

/* abi.encode(uint256) */
static inline executor_bytes executor_abi_uint(executor_uint256 value) {
    uint8_t *at = executor_alloc(32);
    for (int i = 0; i < 32; i++) at[31 - i] = (uint8_t)(value.limb[i / 4] >> 8 * (i % 4));
    return (executor_bytes){at, 32};
}

static inline executor_uint256 executor_small(uint64_t value) {
    return (executor_uint256){{(uint32_t)value, (uint32_t)(value >> 32)}};
}

/* abi.encode(bytes), or string */
static inline executor_bytes executor_abi_bytes(executor_bytes value) {
    uint32_t padding = (32 - value.len % 32) % 32;
    uint8_t *zeros = executor_alloc(padding);
    memset(zeros, 0, padding);
    executor_bytes head = executor_concat(executor_abi_uint(executor_small(32)), executor_abi_uint(executor_small(value.len)));
    return executor_concat(executor_concat(head, value), (executor_bytes){zeros, padding});
}

#endif
