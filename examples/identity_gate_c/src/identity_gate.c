/* Whether the person behind an account is of age, by the word of an identity provider: the function of IdentityGate.
 *
 * Each node opens the sealed part of the input, asks the provider with the owner's API key, and lets out a verdict and a
 * nullifier, nothing else. Input and output: docs/consumers.md. Whatever fails, fails with a text that says nothing.
 */
#include "executor.h"

#define PROVIDER "http://identity.test/v1/person"
#define LIFETIME (90ull * 86400) /* seconds */
#define POLICY "of-age" /* its keccak256 is the policy's id */

typedef struct {
    executor_bytes account, policy, envelope;
} asked;

static executor_bytes part(executor_bytes bytes, uint32_t at, uint32_t len) {
    if (at > bytes.len || len > bytes.len - at) executor_fail("the input is too short");
    return (executor_bytes){bytes.at + at, len};
}

static executor_bytes hex(executor_bytes bytes) {
    uint8_t *text = executor_alloc(2 + 2 * bytes.len);
    text[0] = '0', text[1] = 'x';
    for (uint32_t i = 0; i < bytes.len; i++)
        for (uint32_t k = 0; k < 2; k++) text[2 + 2 * i + k] = (uint8_t) "0123456789abcdef"[bytes.at[i] >> (4 - 4 * k) & 15];
    return (executor_bytes){text, 2 + 2 * bytes.len};
}

static uint8_t digit(uint8_t c) { return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0'); }

static executor_bytes unhex(executor_bytes text) {
    uint8_t *bytes = executor_alloc(text.len / 2);
    for (uint32_t i = 0; i < text.len / 2; i++) bytes[i] = (uint8_t)(digit(text.at[2 * i]) << 4 | digit(text.at[2 * i + 1]));
    return (executor_bytes){bytes, text.len / 2};
}

/* Text that can stand in a JSON string as it is; anything else ends the look. */
static executor_bytes plain(executor_bytes text, const char *otherwise) {
    for (uint32_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '\\')
            executor_observation_failed(executor_text(otherwise));
    if (!text.len) executor_observation_failed(executor_text(otherwise));
    return text;
}

static bool says(executor_bytes json, const char *key, executor_bytes wanted) {
    return executor_equal(executor_json_text(executor_json_member(json, key)), wanted);
}

/* What the provider knows about the person with this document. */
static executor_bytes person(executor_bytes document) {
    executor_bytes key = plain(executor_secret("PROVIDER_KEY"), "bad-secret");
    executor_bytes head = executor_text("{\"headers\":{\"authorization\":\"Bearer ");
    head = executor_concat(executor_concat(head, key), executor_text("\",\"x-document\":\""));
    head = executor_concat(executor_concat(head, document), executor_text("\"},\"method\":\"GET\",\"url\":\"" PROVIDER "\"}"));
    executor_bytes answer = executor_live("http.fetch", executor_concat(executor_u32(head.len), head));
    if (!says(executor_http_head(answer), "status", executor_text("200")))
        executor_observation_failed(executor_text("http-status"));
    return executor_http_body(answer);
}

static executor_bytes look(void *state) {
    asked *about = state;
    executor_bytes text = executor_private_input(about->envelope);
    bool same = says(text, "account", hex(about->account)) && says(text, "policy", hex(about->policy)) &&
                says(text, "gate", executor_json_text(executor_json_member(executor_context(), "consumer")));
    if (!same) executor_observation_failed(executor_text("other-request"));
    executor_bytes found = person(plain(executor_json_text(executor_json_member(text, "document")), "bad-document"));
    if (!executor_equal(executor_json_member(found, "of_age"), executor_text("true"))) return executor_text("no");
    executor_bytes number = executor_json_text(executor_json_member(found, "number"));
    if (!number.len) executor_observation_failed(executor_text("bad-answer"));
    executor_bytes key = executor_secret("NULLIFIER_KEY");
    if (key.len < 32) executor_observation_failed(executor_text("bad-secret"));
    executor_bytes keyed = executor_concat(executor_concat(key, about->policy), number);
    return hex(executor_keccak256(keyed));
}

static executor_bytes word(uint64_t value) { return executor_abi_uint(executor_small(value)); }

EXECUTOR_FUNCTION(input) {
    asked about = {part(input, 12, 20), part(input, 32, 32), part(input, 128, 0)};
    uint32_t len = (uint32_t)part(input, 126, 2).at[0] << 8 | part(input, 126, 2).at[1]; /* a ciphertext is shorter */
    about.envelope = part(input, 128, len);
    if (!executor_equal(about.policy, executor_keccak256(executor_text(POLICY)))) executor_fail("another policy");
    executor_agreed seen = executor_observe("{\"aggregate\":\"identical\",\"label\":\"verdict\"}", look, &about);
    if (seen.kind != EXECUTOR_VALUE) executor_fail("no verdict");
    bool yes = seen.bytes.len == 66;
    executor_bytes time = executor_json_member(executor_context(), "block_timestamp");
    uint64_t now = 0;
    for (uint32_t i = 0; i < time.len; i++) now = now * 10 + (uint64_t)(time.at[i] - '0');
    executor_bytes nullifier = yes ? unhex(part(seen.bytes, 2, 64)) : word(0);
    executor_bytes head = executor_concat(part(input, 0, 64), word(yes));
    return executor_concat(executor_concat(head, word(yes ? now + LIFETIME : 0)), nullifier);
}
