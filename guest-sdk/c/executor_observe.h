/* executor_observe.h: specs, and the values that strategies take and give. */
#ifndef EXECUTOR_OBSERVE_H
#define EXECUTOR_OBSERVE_H

#include "executor_decimal.h"

/* ---- specs ------------------------------------------------------------------------------------------------------- */

/* {"aggregate":AGGREGATE,"default":…,"label":…} for executor_observe. The aggregate is JSON: "\"median\"". NULL leaves out. */
static inline const char *executor_spec(const char *aggregate, const executor_bytes *otherwise, const executor_bytes *label) {
    executor_bytes spec = executor_concat(executor_text("{\"aggregate\":"), executor_text(aggregate));
    if (otherwise) spec = executor_concat(executor_concat(spec, executor_text(",\"default\":")), executor_json_string(*otherwise));
    if (label) spec = executor_concat(executor_concat(spec, executor_text(",\"label\":")), executor_json_string(*label));
    return (const char *)executor_concat(spec, (executor_bytes){(const uint8_t *)"}", 2}).at;
}

/* ---- how a look ends ---------------------------------------------------------------------------------------------- */

static inline bool executor_is_code(executor_bytes text) {
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    }
    return text.len >= 1 && text.len <= 64;
}

/* Ends a look with this code; with "threw", as every SDK's ordinary errors do, where it is no code. */
_Noreturn static inline void executor_threw(executor_bytes code) {
    executor_observation_failed(executor_is_code(code) ? code : executor_text("threw"));
}

/* What a look gives under median, min, max and trimmed-mean: a decimal, or the error "bad-value". */
static inline executor_bytes executor_observed_decimal(executor_bytes text) {
    if (!executor_is_decimal(text)) executor_observation_failed(executor_text("bad-value"));
    return text;
}

/* The same of a double; NaN, infinities and what has more than 78 digits are "bad-value". */
static inline executor_bytes executor_observed_double(double number) {
    if (number - number != 0) executor_observation_failed(executor_text("bad-value"));
    return executor_observed_decimal(executor_decimal_of_double(number));
}

/* What a look gives under fields: the object of these names and texts, which are arranged on the way. */
static inline executor_bytes executor_object(executor_bytes *names, executor_bytes *texts, uint32_t count) {
    executor_bytes json = executor_text("{");
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = i + 1; j < count; j++) {
            executor_bytes name = names[i], text = texts[i];
            if (executor_utf16_before(name, names[j])) continue;
            names[i] = names[j], texts[i] = texts[j], names[j] = name, texts[j] = text;
        }
        if (i) json = executor_concat(json, executor_text(","));
        json = executor_concat(executor_concat(json, executor_json_string(names[i])), executor_text(":"));
        json = executor_concat(json, executor_json_string(texts[i]));
    }
    return executor_concat(json, executor_text("}"));
}

/* ---- what was agreed ----------------------------------------------------------------------------------------------- */

/* The code of an agreed error, without the reason behind it. */
static inline executor_bytes executor_agreed_code(executor_bytes error) {
    for (uint32_t i = 0; i < error.len; i++)
        if (error.at[i] == ':') error.len = i;
    return error;
}

/* The agreed value or default; an agreed error fails the run with its words. */
static inline executor_bytes executor_require(executor_agreed agreed) {
    if (agreed.kind == EXECUTOR_AGREED_ERROR) executor_fail_with(executor_concat(executor_text("agreed error: "), agreed.bytes));
    return agreed.bytes;
}

static inline uint32_t executor_json_unit(executor_bytes text, uint32_t at) {
    uint32_t unit = 0;
    for (uint32_t i = at; i < at + 4; i++) {
        uint32_t digit = i < text.len ? executor_hex_digit(text.at[i]) : 16;
        if (digit > 15) executor_fail("a JSON string has a malformed escape");
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The text that a JSON string stands for. */
static inline executor_bytes executor_json_unescaped(executor_bytes value) {
    executor_bytes text = executor_json_text(value);
    uint8_t *at = executor_alloc(text.len);
    uint32_t len = 0;
    for (uint32_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == '\\' && i + 1 < text.len) {
            c = text.at[++i];
            uint32_t unit = c == 'b' ? 8 : c == 't' ? 9 : c == 'n' ? 10 : c == 'f' ? 12 : c == 'r' ? 13 : c;
            if (c == 'u') {
                unit = executor_json_unit(text, i + 1), i += 4;
                if (unit >> 10 == 0x36 && i + 6 < text.len && text.at[i + 1] == '\\' && text.at[i + 2] == 'u') {
                    unit = 0x10000 + ((unit & 0x3ff) << 10) + (executor_json_unit(text, i + 3) & 0x3ff), i += 6;
                }
            }
            if (unit < 0x80) at[len++] = (uint8_t)unit;
            else {
                uint32_t more = unit < 0x800 ? 1 : unit < 0x10000 ? 2 : 3;
                at[len++] = (uint8_t)((0xf0 << (3 - more)) | unit >> 6 * more);
                while (more--) at[len++] = (uint8_t)(0x80 | (unit >> 6 * more & 0x3f));
            }
            continue;
        }
        at[len++] = c;
    }
    return (executor_bytes){at, len};
}

#endif
