/* One observation of each shape the ABI knows, for conformance: input[0] chooses what to do. */
#include "executor.h"

static executor_bytes look_at_input(void *state) {
    return *(executor_bytes *)state;
}

static executor_bytes look_nowhere(void *state) {
    (void)state;
    executor_observation_failed(executor_text("nothing-there"));
}

static executor_bytes tell(executor_agreed agreed) {
    static const char *const kinds[] = {"value:", "error:", "default:"};
    return executor_concat(executor_text(kinds[agreed.kind]), agreed.bytes);
}

EXECUTOR_FUNCTION(input) {
    executor_bytes rest = {input.at + 1, input.len ? input.len - 1 : 0};
    switch (input.len ? input.at[0] : 0) {
    case 'o': return tell(executor_observe("{\"aggregate\":\"identical\"}", look_at_input, &rest));
    case 'x': return tell(executor_observe("{\"aggregate\":\"mode\",\"default\":\"none\"}", look_nowhere, NULL));
    case 'k': return executor_keccak256(rest);
    case 'c': return executor_context();
    case 'h': return executor_http_get("http://exchange-a.test/");
    case 'd': return executor_abi_uint(executor_scaled(rest, 8));
    case 'b': return executor_abi_bytes(rest);
    case 'j': return executor_json_text(executor_json_element(executor_json_member(rest, "list"), 1));
    case 'f': executor_fail("asked to fail");
    case 'm': return (executor_bytes){executor_alloc(0x7fff0000u), 1};
    default: executor_fail("unknown command");
    }
}
