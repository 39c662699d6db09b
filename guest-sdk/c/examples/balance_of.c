/* A token's balance at the request's block, and the request's time: abi.encode(uint256, uint64). Input: token, owner. */
#include "executor.h"

static executor_bytes look(void *state) {
    executor_bytes input = *(executor_bytes *)state;
    static const uint8_t selector_and_padding[16] = {0x70, 0xa0, 0x82, 0x31};
    executor_bytes calldata = executor_concat((executor_bytes){selector_and_padding, 16}, (executor_bytes){input.at + 20, 20});
    executor_bytes word = executor_evm_call((executor_bytes){input.at, 20}, calldata, "");
    if (word.len < 32) executor_observation_failed(executor_text("no-balance"));
    return (executor_bytes){word.at, 32};
}

EXECUTOR_FUNCTION(input) {
    if (input.len != 40) executor_fail("the input is 20 bytes of a token and 20 of an owner");
    executor_agreed balance = executor_observe("{\"aggregate\":\"identical\",\"label\":\"balance\"}", look, &input);
    if (balance.kind == EXECUTOR_AGREED_ERROR) executor_fail("no balance was agreed");
    executor_bytes time = executor_json_member(executor_context(), "block_timestamp");
    return executor_concat(balance.bytes, executor_abi_uint(executor_integer(time)));
}
