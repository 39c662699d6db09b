/* The price of one ether in US dollars: each node asks for itself, the committee agrees on the median. */
#include "executor.h"

/* `executor devnet` runs this exchange. Put your API here, its host into function.toml, its answer into replies.json. */
#define URL "http://exchange-a.test/price?pair=ETH-USD"

static executor_bytes look(void *state) {
    (void)state;
    executor_bytes price = executor_json_text(executor_json_member(executor_http_get(URL), "price"));
    if (!executor_is_decimal(price)) executor_observation_failed(executor_text("bad-value"));
    return price;
}

EXECUTOR_FUNCTION(input) {
    (void)input;
    executor_agreed price = executor_observe("{\"aggregate\":\"median\",\"label\":\"price\"}", look, NULL);
    if (price.kind == EXECUTOR_AGREED_ERROR) executor_fail("no price was agreed");
    executor_bytes time = executor_json_member(executor_context(), "block_timestamp");
    return executor_concat(executor_abi_uint(executor_scaled(price.bytes, 8)), executor_abi_uint(executor_integer(time)));
}
