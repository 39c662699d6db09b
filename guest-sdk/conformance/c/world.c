#include "executor_world.h"
#include "tour.h"

static executor_bytes shown(executor_http_reply reply) { return tour_join(reply.status, " ", reply.body); }

static executor_bytes get(void *state) { return shown(executor_http_fetch((executor_http_request){.url = *(executor_bytes *)state})); }

static executor_bytes price(void *state) {
    executor_http_reply reply = executor_http_fetch((executor_http_request){.url = *(executor_bytes *)state});
    if (reply.status.at[0] != '2') executor_observation_failed(executor_text("http-status"));
    return executor_observed_decimal(executor_json_text(executor_json_member(reply.body, "price")));
}

static executor_bytes header(void *state) {
    executor_bytes name = *(executor_bytes *)state, url = tour_word(&name);
    executor_bytes value = executor_http_header(executor_http_fetch((executor_http_request){.url = url}), tour_string(name));
    return value.len ? value : executor_text("none");
}

static executor_bytes post(void *state) {
    executor_bytes body = *(executor_bytes *)state, url = tour_until(&body, '\n');
    return shown(executor_http_fetch((executor_http_request){url, "POST", "{\"content-type\":\"application/json\",\"x-tour\":\"1\"}", body}));
}

static executor_bytes many(void *state) {
    executor_http_request requests[16] = {0};
    uint32_t count = 0;
    for (executor_bytes rest = *(executor_bytes *)state; rest.len && count < 16;) requests[count++].url = tour_until(&rest, '\n');
    executor_http_reply *replies = executor_http_fetch_many(requests, count);
    executor_bytes text = {NULL, 0};
    for (uint32_t i = 0; i < count; i++) {
        executor_bytes line = replies[i].error.len ? tour_join(executor_text("error"), " ", replies[i].error) : shown(replies[i]);
        text = tour_join(text, i ? "\n" : "", line);
    }
    return text;
}

static executor_bytes calldata(executor_bytes holder) {
    executor_value argument = executor_value_of(executor_from_hex(holder));
    return executor_calldata("balanceOf(address)", executor_items(&argument, 1));
}

static executor_bytes balance_of(executor_bytes rest, const char *place) {
    executor_bytes contract = executor_from_hex(tour_word(&rest));
    return tour_decimal(executor_abi_decode("uint256", executor_evm_call(contract, calldata(rest), place)));
}

static executor_bytes balance_here(void *state) { return balance_of(*(executor_bytes *)state, ""); }

static executor_bytes balance_at(void *state) {
    executor_bytes rest = *(executor_bytes *)state, chain = tour_word(&rest), block = tour_word(&rest);
    executor_bytes place = executor_concat(executor_text(",\"chain\":"), tour_join(chain, ",\"block\":", block));
    return balance_of(rest, tour_string(place));
}

static executor_bytes balances_of(void *state) {
    executor_bytes rest = *(executor_bytes *)state, contract = executor_from_hex(tour_word(&rest)), data[16], text = {NULL, 0};
    uint32_t count = 0;
    while (rest.len && count < 16) data[count++] = calldata(tour_word(&rest));
    executor_value results = executor_evm_call_many(contract, data, count, "");
    for (uint32_t i = 0; i < results.count; i++) {
        executor_value *result = results.items[i].items;
        bool ok = result[0].bytes.at[31];
        text = tour_join(text, i ? "\n" : "", ok ? tour_decimal(executor_abi_decode("uint256", result[1].bytes)) : executor_text("reverted"));
    }
    return text;
}

static executor_bytes balance(void *state) { return tour_decimal(executor_evm_balance(executor_from_hex(*(executor_bytes *)state), "")); }

static executor_bytes block(void *state) {
    executor_value *header = executor_evm_block(tour_string(executor_concat(executor_text(",\"block\":"), *(executor_bytes *)state))).items;
    executor_bytes text = tour_join(tour_decimal(header[0]), " ", executor_hex(header[1].bytes));
    text = tour_join(text, " ", executor_hex(header[2].bytes));
    return tour_join(tour_join(text, " ", tour_decimal(header[3])), " ", tour_decimal(header[4]));
}

static executor_bytes final_block(void *state) {
    executor_bytes place = executor_concat(executor_text(",\"block\":\"finalized\",\"chain\":"), *(executor_bytes *)state);
    return tour_decimal(executor_evm_block(tour_string(place)).items[0]);
}

static executor_bytes logs(void *state) {
    executor_bytes event = *(executor_bytes *)state, contract = executor_from_hex(tour_word(&event)), from = tour_word(&event), text = {NULL, 0};
    executor_value found = executor_evm_logs(contract, from, tour_string(event), "");
    for (uint32_t i = 0; i < found.count; i++) {
        executor_value *log = found.items[i].items;
        executor_bytes line = tour_join(tour_decimal(log[3]), " ", tour_decimal(log[6]));
        line = tour_join(line, " ", tour_decimal(executor_value_of(executor_abi_uint(executor_small(log[1].count)))));
        text = tour_join(text, i ? "\n" : "", tour_join(line, " ", executor_hex(log[2].bytes)));
    }
    return text;
}

static executor_bytes secret(void *state) { return executor_secret(tour_string(*(executor_bytes *)state)); }

static executor_bytes private_text(void *state) { return executor_private_input(*(executor_bytes *)state); }

static executor_bytes local_time(void *state) { return (void)state, executor_local_time(); }

static const struct {
    const char *name, *spec;
    executor_look look;
} COMMANDS[] = {
    {"get", "{\"aggregate\":\"identical\"}", get},
    {"price", "{\"aggregate\":\"median\"}", price},
    {"header", "{\"aggregate\":\"identical\"}", header},
    {"post", "{\"aggregate\":\"identical\"}", post},
    {"many", "{\"aggregate\":\"identical\"}", many},
    {"balance-of", "{\"aggregate\":\"identical\"}", balance_here},
    {"balance-at", "{\"aggregate\":\"identical\"}", balance_at},
    {"balances-of", "{\"aggregate\":\"identical\"}", balances_of},
    {"balance", "{\"aggregate\":\"identical\"}", balance},
    {"block", "{\"aggregate\":\"identical\"}", block},
    {"final-block", "{\"aggregate\":\"median\"}", final_block},
    {"logs", "{\"aggregate\":\"identical\"}", logs},
    {"secret", "{\"aggregate\":\"identical\"}", secret},
    {"private", "{\"aggregate\":\"identical\"}", private_text},
    {"clock", "{\"aggregate\":\"median\"}", local_time},
};

EXECUTOR_FUNCTION(input) {
    tour_input tour = tour_of(input);
    if (tour_is(tour.command, "outside")) return get(&tour.rest);
    for (uint32_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (tour_is(tour.command, COMMANDS[i].name)) return executor_require(executor_observe(COMMANDS[i].spec, COMMANDS[i].look, &tour.rest));
    executor_fail("unknown command");
}
