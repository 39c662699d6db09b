#include "tour.h"

static const char *const KEYS[] = {
    "chain_id", "router", "nonce", "block_number", "block_timestamp", "parent_hash", "sender", "subscription", "epoch",
    "callback_gas_limit", "consumer", "trigger",
};

static executor_bytes member(const char *key) { return executor_json_text(executor_json_member(executor_context(), key)); }

static executor_bytes context(void) {
    executor_bytes text = {NULL, 0};
    for (uint32_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        text = tour_join(text, i ? "\n" : "", tour_join(executor_text(KEYS[i]), "=", member(KEYS[i])));
    }
    return text;
}

static volatile uint32_t never = 0xffffffff;

__attribute__((noinline)) static uint32_t deeper(uint32_t depth) { return depth == never ? depth : deeper(depth + 1) * 3 + depth; }

static void take_memory(void) {
    for (;;) *(volatile uint8_t *)executor_alloc(1 << 20) = 1;
}

static void log_many(executor_bytes rest) {
    uint32_t count = tour_number(tour_word(&rest)), size = tour_number(rest);
    uint8_t *line = executor_alloc(size);
    memset(line, 'x', size);
    while (count--) executor_log_bytes(EXECUTOR_INFO, (executor_bytes){line, size});
}

static executor_bytes json(executor_bytes text) {
    executor_bytes rates = executor_json_member(executor_json_member(text, "data"), "rates");
    executor_bytes price = executor_json_member(executor_json_element(rates, 1), "price");
    if (!price.len) executor_fail("there is no data.rates[1].price");
    return executor_json_unescaped(price);
}

static executor_bytes draws(uint32_t count) {
    executor_bytes drawn = {NULL, 0};
    while (count--) drawn = executor_concat(drawn, executor_draw());
    return drawn;
}

static executor_bytes number_text(uint64_t number) {
    return executor_decimal_text(executor_decimal_of_word(executor_abi_uint(executor_small(number)), false));
}

static executor_bytes below(executor_bytes rest) {
    executor_stream stream = executor_stream_of(executor_from_hex(tour_word(&rest)));
    executor_bytes text = {NULL, 0};
    for (uint32_t count = tour_number(tour_word(&rest)); count; count--)
        for (executor_bytes limits = rest; limits.len;)
            text = tour_join(text, text.len ? " " : "", number_text(executor_below(&stream, tour_number(tour_word(&limits)))));
    return text;
}

static executor_bytes sample(executor_bytes rest) {
    executor_stream stream = executor_stream_of(executor_from_hex(tour_word(&rest)));
    uint32_t n = tour_number(tour_word(&rest)), k = tour_number(rest), *items = executor_alloc(4 * n);
    for (uint32_t i = 0; i < n; i++) items[i] = i;
    executor_sample(&stream, items, n, k);
    executor_bytes text = {NULL, 0};
    for (uint32_t i = 0; i < k; i++) text = tour_join(text, i ? " " : "", number_text(items[i]));
    return text;
}

static executor_bytes below_64(executor_bytes rest) {
    executor_stream stream = executor_stream_of(executor_from_hex(tour_word(&rest)));
    executor_bytes text = {NULL, 0};
    while (rest.len) {
        uint64_t n = 0;
        executor_bytes digits = tour_word(&rest);
        for (uint32_t i = 0; i < digits.len; i++) n = 10 * n + (digits.at[i] - '0');
        text = tour_join(text, text.len ? " " : "", number_text(executor_below_64(&stream, n)));
    }
    return text;
}

static executor_bytes shuffle(executor_bytes rest) {
    executor_stream stream = executor_stream_of(executor_from_hex(tour_word(&rest)));
    executor_bytes *words = executor_alloc((rest.len + 1) * sizeof(executor_bytes)), text = {NULL, 0};
    uint32_t count = 0;
    while (rest.len) words[count++] = tour_word(&rest);
    executor_shuffle(&stream, words, count, sizeof(executor_bytes));
    for (uint32_t i = 0; i < count; i++) text = tour_join(text, i ? " " : "", words[i]);
    return text;
}

static executor_bytes stream_bytes(executor_bytes rest) {
    executor_stream stream = executor_stream_of(executor_from_hex(tour_word(&rest)));
    return executor_random_bytes(&stream, tour_number(rest));
}

static executor_bytes one(void *state) { return executor_text(state); }

EXECUTOR_FUNCTION(input) {
    tour_input tour = tour_of(input);
    executor_bytes command = tour.command, rest = tour.rest, none = {NULL, 0};
    if (tour_is(command, "echo")) return rest;
    if (tour_is(command, "nothing")) return none;
    if (tour_is(command, "fail")) executor_fail_with(rest);
    if (tour_is(command, "trap")) __builtin_trap();
    if (tour_is(command, "spin")) while (never) continue;
    if (tour_is(command, "recurse")) return number_text(deeper(0));
    if (tour_is(command, "memory")) take_memory();
    if (tour_is(command, "context")) return context();
    if (tour_is(command, "identity")) return tour_join(member("request_id"), " ", member("function_id"));
    if (tour_is(command, "log")) {
        for (uint32_t level = EXECUTOR_DEBUG; level <= EXECUTOR_ERROR; level++) executor_log_bytes(level, rest);
        return none;
    }
    if (tour_is(command, "log-many")) return log_many(rest), executor_text("done");
    if (tour_is(command, "keccak")) return executor_keccak256(rest);
    if (tour_is(command, "json")) return json(rest);
    if (tour_is(command, "draw")) return draws(tour_number(rest));
    if (tour_is(command, "draw-observe")) return executor_draw(), executor_require(executor_observe(executor_spec("\"median\"", NULL, NULL), one, "1"));
    if (tour_is(command, "below")) return below(rest);
    if (tour_is(command, "below-64")) return below_64(rest);
    if (tour_is(command, "shuffle")) return shuffle(rest);
    if (tour_is(command, "bytes")) return stream_bytes(rest);
    if (tour_is(command, "sample")) return sample(rest);
    if (tour_is(command, "time")) return member("block_timestamp");
    executor_fail("unknown command");
}
