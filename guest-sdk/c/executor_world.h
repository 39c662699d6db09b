/* executor_world.h: HTTP with methods, headers and many requests at once, and every read of EVM chains. Inside a look only. */
#ifndef EXECUTOR_WORLD_H
#define EXECUTOR_WORLD_H

#include "executor_abi.h"

/* ---- HTTP (docs/wire.md §5) ---------------------------------------------------------------------------------------- */

typedef struct {
    executor_bytes url;
    const char *method;  /* NULL: GET */
    const char *headers; /* a JSON object such as {"accept":"text/plain"}; NULL: none */
    executor_bytes body;
} executor_http_request;

typedef struct {
    executor_bytes error;   /* a code where there was no reply, else empty */
    executor_bytes status;  /* three digits */
    executor_bytes headers; /* a JSON object: names in lower case, values as strings */
    executor_bytes body;
} executor_http_reply;

static inline executor_bytes executor_http_message(executor_http_request request) {
    executor_bytes head = executor_concat(executor_text("{\"url\":"), executor_json_string(request.url));
    head = executor_concat(executor_concat(head, executor_text(",\"method\":\"")), executor_text(request.method ? request.method : "GET"));
    head = executor_concat(executor_concat(head, executor_text("\",\"headers\":")), executor_text(request.headers ? request.headers : "{}"));
    head = executor_concat(head, executor_text("}"));
    return executor_concat(executor_concat(executor_u32(head.len), head), request.body);
}

static inline executor_http_reply executor_http_parts(executor_bytes message) {
    executor_bytes head = executor_http_head(message), none = {NULL, 0};
    return (executor_http_reply){none, executor_json_member(head, "status"), executor_json_member(head, "headers"), executor_http_body(message)};
}

/* The reply, whatever its status; where there is none the look ends with the capability's code. */
static inline executor_http_reply executor_http_fetch(executor_http_request request) {
    return executor_http_parts(executor_live("http.fetch", executor_http_message(request)));
}

/* A header of a reply, by its name in lower case; len 0 if there is none. Escapes are given as written. */
static inline executor_bytes executor_http_header(executor_http_reply reply, const char *name) {
    return executor_json_text(executor_json_member(reply.headers, name));
}

/* Replies to many requests made at once, in their order; one that got none has its error set. */
static inline executor_http_reply *executor_http_fetch_many(const executor_http_request *requests, uint32_t count) {
    executor_bytes list = executor_u32(count);
    for (uint32_t i = 0; i < count; i++) {
        executor_bytes message = executor_http_message(requests[i]);
        list = executor_concat(executor_concat(list, executor_u32(message.len)), message);
    }
    executor_bytes answer = executor_live("http.fetch_many", list);
    executor_http_reply *replies = executor_alloc(count * (uint32_t)sizeof(executor_http_reply));
    uint32_t at = 4;
    if (executor_read_u32(answer, 0) != count) executor_fail("a message is too short");
    for (uint32_t i = 0; i < count; i++) {
        executor_bytes part = executor_abi_take(answer, at, 5);
        bool failed = part.at[0];
        part = executor_abi_take(answer, at + 5, executor_read_u32(answer, at + 1));
        replies[i] = failed ? (executor_http_reply){.error = part} : executor_http_parts(part);
        at += 5 + part.len;
    }
    return replies;
}

/* ---- EVM chains (docs/wire.md §10) ---------------------------------------------------------------------------------- */

/* Place is "" for the request's own block on the home chain, else such as ",\"block\":19000000,\"chain\":8453". */

/* A read: the members of its request without braces, such as "\"address\":\"0x…\"". */
static inline executor_bytes executor_evm(const char *operation, executor_bytes members, const char *place) {
    if (!members.len && place[0]) place++; /* the comma */
    executor_bytes request = executor_concat(executor_text("{"), executor_concat(members, executor_text(place)));
    return executor_live(operation, executor_concat(request, executor_text("}")));
}

/* Calldata of "balanceOf(address)" and its arguments, a tuple. */
static inline executor_bytes executor_calldata(const char *signature, executor_value arguments) {
    const char *types = signature;
    while (*types && *types != '(') types++;
    executor_bytes selector = executor_keccak256(executor_text(signature));
    selector.len = 4;
    return executor_concat(selector, types[1] == ')' ? (executor_bytes){NULL, 0} : executor_abi_encode(types, arguments));
}

static inline executor_bytes executor_evm_message(executor_bytes contract, executor_bytes calldata) {
    executor_bytes request = executor_concat(executor_text("\"to\":\""), executor_hex(contract));
    request = executor_concat(executor_concat(request, executor_text("\",\"data\":\"")), executor_hex(calldata));
    return executor_concat(request, executor_text("\""));
}

/* Many calls of a contract at one block: a list of (bool succeeded, bytes data). */
static inline executor_value executor_evm_call_many(executor_bytes contract, const executor_bytes *calldata, uint32_t count, const char *place) {
    executor_bytes calls = executor_text("\"calls\":[");
    for (uint32_t i = 0; i < count; i++) {
        executor_bytes call = executor_concat(executor_text(i ? ",{" : "{"), executor_evm_message(contract, calldata[i]));
        calls = executor_concat(executor_concat(calls, call), executor_text("}"));
    }
    return executor_abi_decode("(bool,bytes)[]", executor_evm("evm.call_many", executor_concat(calls, executor_text("]")), place));
}

/* An account's wei, as a word. */
static inline executor_value executor_evm_balance(executor_bytes account, const char *place) {
    executor_bytes members = executor_concat(executor_text("\"address\":\""), executor_hex(account));
    return executor_abi_decode("uint256", executor_evm("evm.balance", executor_concat(members, executor_text("\"")), place));
}

/* number, hash, parent's hash, timestamp, base fee. Only here place may be ",\"block\":\"finalized\"". */
static inline executor_value executor_evm_block(const char *place) {
    return executor_abi_decode("(uint256,bytes32,bytes32,uint256,uint256)", executor_evm("evm.block", (executor_bytes){NULL, 0}, place));
}

/* Logs of a contract's event from from_block (digits) to the place's block: address, topics, data, block's number and hash,
   transaction, index. */
static inline executor_value executor_evm_logs(executor_bytes contract, executor_bytes from_block, const char *event, const char *place) {
    executor_bytes members = executor_concat(executor_text("\"addresses\":[\""), executor_hex(contract));
    members = executor_concat(executor_concat(members, executor_text("\"],\"from_block\":")), from_block);
    members = executor_concat(executor_concat(members, executor_text(",\"topics\":[[\"")), executor_hex(executor_keccak256(executor_text(event))));
    executor_bytes answer = executor_evm("evm.logs", executor_concat(members, executor_text("\"]]")), place);
    return executor_abi_decode("(address,bytes32[],bytes,uint256,bytes32,bytes32,uint256)[]", answer);
}

#endif
