#include "tour.h"

static const char SHOWN[] = "(uint256,int256,address,bool,bytes4,bytes,string,int64[],(uint8,string)[])";
static const char *const ROUNDINGS[] = {"trunc", "floor", "ceil", "half-up", "half-even", "exact"};

static enum executor_rounding rounding_of(executor_bytes name) {
    for (uint32_t i = 0; i < 6; i++)
        if (tour_is(name, ROUNDINGS[i])) return (enum executor_rounding)i;
    executor_fail("unknown rounding");
}

static executor_bytes decimal(executor_bytes rest) {
    executor_bytes operation = tour_word(&rest);
    executor_decimal a = executor_decimal_of(tour_word(&rest));
    if (tour_is(operation, "text")) return executor_decimal_text(a);
    executor_bytes second = tour_word(&rest);
    executor_decimal b = executor_decimal_of(second);
    if (tour_is(operation, "scaled")) return executor_decimal_text(executor_decimal_scaled(a, tour_number(second), rounding_of(rest)));
    if (tour_is(operation, "rounded")) return executor_decimal_text(executor_decimal_rounded(a, tour_number(second), rounding_of(rest)));
    if (tour_is(operation, "add")) return executor_decimal_text(executor_decimal_add(a, b));
    if (tour_is(operation, "sub")) return executor_decimal_text(executor_decimal_sub(a, b));
    if (tour_is(operation, "mul")) return executor_decimal_text(executor_decimal_mul(a, b));
    int order = executor_decimal_compare(a, b);
    return executor_text(order < 0 ? "-1" : order > 0 ? "1" : "0");
}

static executor_bytes again(executor_bytes rest) {
    const char *type = tour_string(tour_until(&rest, '\n'));
    return executor_abi_encode(type, executor_abi_decode(type, rest));
}

static executor_bytes number(executor_value word, bool is_signed) { return executor_decimal_text(executor_decimal_of_word(word.bytes, is_signed)); }

static executor_bytes show(executor_bytes data) {
    executor_value *shown = executor_abi_decode(SHOWN, data).items;
    executor_bytes text = tour_join(number(shown[0], false), "\n", number(shown[1], true)), list = {NULL, 0}, pairs = {NULL, 0};
    text = tour_join(text, "\n", executor_hex(shown[2].bytes));
    text = tour_join(text, "\n", executor_text(shown[3].bytes.at[31] ? "true" : "false"));
    text = tour_join(text, "\n", executor_hex(shown[4].bytes));
    text = tour_join(text, "\n", executor_hex(shown[5].bytes));
    text = tour_join(text, "\n", shown[6].bytes);
    for (uint32_t i = 0; i < shown[7].count; i++) list = tour_join(list, i ? "," : "", number(shown[7].items[i], true));
    for (uint32_t i = 0; i < shown[8].count; i++) {
        executor_value *pair = shown[8].items[i].items;
        pairs = tour_join(pairs, i ? "," : "", tour_join(number(pair[0], false), ":", pair[1].bytes));
    }
    return tour_join(tour_join(text, "\n", list), "\n", pairs);
}

static executor_bytes make(void) {
    static const uint8_t ADDRESS[20] = {0xd8, 0xda, 0x6b, 0xf2, 0x69, 0x64, 0xaf, 0x9d, 0x7e, 0xed, 0x9e, 0x03, 0xe5, 0x34, 0x15, 0xd3, 0x7a, 0xa9, 0x60, 0x45};
    static const uint8_t FOUR[4] = {1, 2, 3, 4};
    uint8_t bytes[33];
    for (uint8_t i = 0; i < 33; i++) bytes[i] = i;
    executor_value numbers[] = {
        executor_value_of_integer("1"), executor_value_of_integer("-2"), executor_value_of_integer("9223372036854775807"),
        executor_value_of_integer("-9223372036854775808"),
    };
    executor_value seven[] = {executor_value_of_integer("7"), executor_value_of(executor_text("seven"))};
    executor_value zero[] = {executor_value_of_integer("0"), executor_value_of(executor_text(""))};
    executor_value pairs[] = {executor_items(seven, 2), executor_items(zero, 2)};
    executor_value values[] = {
        executor_value_of_integer("115792089237316195423570985008687907853269984665640564039457584007913129639935"),
        executor_value_of_integer("-57896044618658097711785492504343953926634992332820282019728792003956564819968"),
        executor_value_of((executor_bytes){ADDRESS, 20}),
        executor_value_of_bool(true),
        executor_value_of((executor_bytes){FOUR, 4}),
        executor_value_of((executor_bytes){bytes, 33}),
        executor_value_of(executor_text("naïve 😀")),
        executor_items(numbers, 4),
        executor_items(pairs, 2),
    };
    return executor_abi_encode(SHOWN, executor_items(values, 9));
}

EXECUTOR_FUNCTION(input) {
    tour_input tour = tour_of(input);
    if (tour_is(tour.command, "decimal")) return decimal(tour.rest);
    if (tour_is(tour.command, "abi")) return again(tour.rest);
    if (tour_is(tour.command, "show")) return show(tour.rest);
    if (tour_is(tour.command, "make")) return make();
    executor_fail("unknown command");
}
