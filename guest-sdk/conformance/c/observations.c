#include "tour.h"

enum shape { NUMBER, TEXT, SET, LIST, FIELDS };

static const struct {
    const char *name, *aggregate;
    enum shape shape;
} STRATEGIES[] = {
    {"median", "\"median\"", NUMBER},
    {"min", "\"min\"", NUMBER},
    {"max", "\"max\"", NUMBER},
    {"trimmed-mean", "\"trimmed-mean\"", NUMBER},
    {"identical", "\"identical\"", TEXT},
    {"mode", "\"mode\"", TEXT},
    {"single", "\"single\"", TEXT},
    {"union", "\"union\"", SET},
    {"intersection", "\"intersection\"", SET},
    {"frequency", "\"frequency\"", SET},
    {"common-prefix", "\"common-prefix\"", LIST},
    {"common-suffix", "\"common-suffix\"", LIST},
    {"fields", "{\"fields\":{\"price\":\"median\",\"venue\":\"mode\"}}", FIELDS},
};

typedef struct {
    enum shape shape;
    executor_bytes text;
} given;

static executor_bytes lines_of(executor_bytes text, bool as_set) {
    executor_bytes *lines = executor_alloc((text.len + 1) * (uint32_t)sizeof(executor_bytes));
    uint32_t count = 0;
    for (executor_bytes rest = text; rest.len;) lines[count++] = tour_until(&rest, '\n');
    return as_set ? executor_set(lines, count) : executor_list(lines, count);
}

static executor_bytes look(void *state) {
    given *seen = state;
    executor_bytes second = seen->text, first = seen->shape == FIELDS ? tour_word(&second) : seen->text;
    if (seen->shape == NUMBER) return executor_observed_decimal(first);
    if (seen->shape == TEXT) return first;
    if (seen->shape == SET || seen->shape == LIST) return lines_of(first, seen->shape == SET);
    executor_bytes names[] = {executor_text("price"), executor_text("venue")};
    executor_bytes texts[] = {executor_observed_decimal(first), second};
    return executor_object(names, texts, 2);
}

/* Items of a list, or members of an object with a sign between, one a line. */
static executor_bytes shown_items(executor_bytes json) {
    executor_bytes text = {NULL, 0};
    uint32_t i = 1, count = 0;
    while (i < json.len && json.at[i] != ']' && json.at[i] != '}') {
        executor_bytes value = executor_json_value_at(json, i);
        bool is_key = json.at[0] == '{' && count % 2 == 0;
        if (is_key) value.len = executor_json_skip_string(json, i) - i;
        text = tour_join(text, !count++ ? "" : json.at[0] == '{' && !is_key ? "=" : "\n", executor_json_unescaped(value));
        i += value.len + 1;
    }
    return text;
}

static executor_bytes observe(executor_bytes rest) {
    executor_bytes name = tour_until(&rest, '\n');
    for (uint32_t i = 0; i < sizeof STRATEGIES / sizeof *STRATEGIES; i++) {
        if (!tour_is(name, STRATEGIES[i].name)) continue;
        given state = {STRATEGIES[i].shape, rest};
        executor_bytes agreed = executor_require(executor_observe(executor_spec(STRATEGIES[i].aggregate, NULL, NULL), look, &state));
        if (state.shape == SET || state.shape == LIST) return shown_items(agreed);
        if (state.shape != FIELDS) return agreed;
        executor_bytes price = executor_json_unescaped(executor_json_member(agreed, "price"));
        return tour_join(price, " ", executor_json_unescaped(executor_json_member(agreed, "venue")));
    }
    executor_fail("unknown strategy");
}

static executor_agreed median(executor_look see, void *state) { return executor_observe("{\"aggregate\":\"median\"}", see, state); }

static executor_bytes fails(void *state) { executor_threw(*(executor_bytes *)state); }

static executor_bytes label(executor_bytes rest) {
    static const char *const KINDS[] = {"value", "error", "default"};
    executor_bytes name = tour_word(&rest), otherwise = tour_word(&rest);
    executor_agreed agreed = executor_observe(executor_spec("\"median\"", &otherwise, &name), fails, &rest);
    return tour_join(executor_text(KINDS[agreed.kind]), " ", agreed.bytes);
}

static executor_bytes catch(executor_bytes rest) {
    given state = {NUMBER, rest};
    executor_agreed agreed = median(look, &state);
    if (agreed.kind == EXECUTOR_AGREED_ERROR) return tour_join(executor_text("caught"), " ", executor_agreed_code(agreed.bytes));
    return tour_join(executor_text("agreed"), " ", agreed.bytes);
}

static executor_bytes one_more(void *state) {
    executor_decimal first = executor_decimal_of(*(executor_bytes *)state);
    return executor_decimal_text(executor_decimal_add(first, executor_decimal_of(executor_text("1"))));
}

static executor_bytes sequence(void) {
    given one = {NUMBER, executor_text("1")};
    executor_bytes first = executor_require(median(look, &one)), second = executor_require(median(one_more, &first));
    given both = {TEXT, tour_join(first, ",", second)};
    executor_bytes third = executor_require(executor_observe("{\"aggregate\":\"identical\"}", look, &both));
    return tour_join(tour_join(first, " ", second), " ", third);
}

static executor_bytes nested(void *state) { return median(look, state).bytes; }

static executor_bytes traps(void *state) {
    (void)state;
    __builtin_trap();
}

static volatile bool always = true;

static executor_bytes spins(void *state) {
    while (always) continue;
    return *(executor_bytes *)state;
}

static executor_bytes real(void *state) { return executor_observed_double(*(double *)state); }

static executor_bytes numbers(void) {
    double many[] = {1e21, -1.5e-7, 5e-324, 9007199254740992.0, -0.0, 100.0};
    for (uint32_t i = 0; i < 6; i++) executor_require(median(real, &many[i]));
    return executor_text("done");
}

static executor_bytes bytes(executor_bytes rest) {
    given state = {TEXT, rest};
    return executor_require(executor_observe("{\"aggregate\":\"identical\"}", look, &state));
}

EXECUTOR_FUNCTION(input) {
    tour_input tour = tour_of(input);
    executor_bytes command = tour.command, rest = tour.rest;
    given one = {NUMBER, executor_text("1")};
    if (tour_is(command, "observe")) return observe(rest);
    if (tour_is(command, "bytes")) return bytes(rest);
    if (tour_is(command, "label")) return label(rest);
    if (tour_is(command, "catch")) return catch(rest);
    if (tour_is(command, "sequence")) return sequence();
    if (tour_is(command, "nested")) return executor_require(median(nested, &one));
    if (tour_is(command, "code")) return executor_require(median(fails, &rest));
    if (tour_is(command, "throws")) return rest = executor_text(""), executor_require(median(fails, &rest));
    if (tour_is(command, "traps")) return executor_require(median(traps, NULL));
    if (tour_is(command, "spins")) return executor_require(median(spins, &rest));
    if (tour_is(command, "number")) {
        volatile double tenth = 0.1, fifth = 0.2;
        double sum = tenth + fifth;
        return executor_require(median(real, &sum));
    }
    if (tour_is(command, "numbers")) return numbers();
    executor_fail("unknown command");
}
