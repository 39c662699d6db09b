/* What the modules share: a command, a line feed, the rest. */
#ifndef TOUR_H
#define TOUR_H

#include "executor_abi.h"
#include "executor_observe.h"

typedef struct {
    executor_bytes command, rest;
} tour_input;

/* The part before the first `mark`; what is behind it is left in *text. */
static inline executor_bytes tour_until(executor_bytes *text, uint8_t mark) {
    executor_bytes part = {text->at, 0};
    while (part.len < text->len && part.at[part.len] != mark) part.len++;
    uint32_t used = part.len < text->len ? part.len + 1 : part.len;
    text->at += used, text->len -= used;
    return part;
}

static inline executor_bytes tour_word(executor_bytes *text) { return tour_until(text, ' '); }

static inline tour_input tour_of(executor_bytes input) {
    executor_bytes rest = input, command = tour_until(&rest, '\n');
    return (tour_input){command, rest};
}

static inline bool tour_is(executor_bytes text, const char *word) { return executor_equal(text, executor_text(word)); }

static inline uint32_t tour_number(executor_bytes digits) { return executor_integer(digits).limb[0]; }

static inline executor_bytes tour_decimal(executor_value word) { return executor_decimal_text(executor_decimal_of_word(word.bytes, false)); }

/* Text with a NUL behind it. */
static inline const char *tour_string(executor_bytes text) {
    return (const char *)executor_concat(text, (executor_bytes){(const uint8_t *)"", 1}).at;
}

/* a, separator, b; a alone is b's beginning. */
static inline executor_bytes tour_join(executor_bytes a, const char *separator, executor_bytes b) {
    return executor_concat(executor_concat(a, executor_text(separator)), b);
}

#endif
