#include "executor_abi.h"

EXECUTOR_FUNCTION(input) {
    executor_decimal prices[64];
    uint32_t count = 0, at = 1;
    executor_bytes rates = executor_json_member(input, "rates");
    while (count < 64 && at < rates.len) {
        executor_bytes rate = executor_json_value_at(rates, at), price = executor_json_member(rate, "price");
        if (!rate.len) break;
        executor_decimal value = executor_decimal_of(executor_json_text(price));
        uint32_t place = count++;
        for (; place && executor_decimal_compare(value, prices[place - 1]) < 0; place--) prices[place] = prices[place - 1];
        prices[place] = value;
        at = (uint32_t)(rate.at - rates.at) + rate.len + 1;
    }
    if (!count) executor_fail("there are no prices");
    return executor_value_of_decimal(executor_decimal_scaled(prices[(count - 1) / 2], 8, EXECUTOR_TRUNC)).bytes;
}
