/* The agreed price of one ether in US dollars, times 10^8, and the request's time: abi.encode(uint256, uint64). */
#include "executor.h"

static executor_bytes look(void *state) {
    (void)state;
    executor_bytes body = executor_http_get("http://exchange-a.test/price?pair=ETH-USD");
    executor_bytes price = executor_json_text(executor_json_member(body, "price"));
    if (!executor_is_decimal(price)) executor_observation_failed(executor_text("bad-value"));
    return price;
}

EXECUTOR_FUNCTION(input) {
    (void)input;
    executor_agreed price = executor_observe("{\"aggregate\":\"median\",\"label\":\"eth-usd\"}", look, NULL);
    if (price.kind == EXECUTOR_AGREED_ERROR) executor_fail("no price was agreed");
    executor_bytes time = executor_json_member(executor_context(), "block_timestamp");
    return executor_concat(executor_abi_uint(executor_scaled(price.bytes, 8)), executor_abi_uint(executor_integer(time)));
}
