"""A guest that agrees, under any spec, on what one URL answers."""

from __future__ import annotations

from typing import Any

from vm.guests import data, module

from executor.capabilities.framing import HttpRequest, encode_request
from executor.model.codec import encode_json
from executor.model.function import Function
from executor.model.manifest import parse_terms

URL = "https://api.example.com/items"


def fetching(aggregate: Any) -> Function:
    """Proposes the body of the reply to URL, or the error code, and returns what was agreed."""
    spec, fetch = encode_json({"aggregate": aggregate, "label": "items"}), encode_request(HttpRequest(URL))
    body = f"""
        (local.set $n (call $observe (i32.const 0) (i32.const {len(spec)})))
        (if (i64.eq (local.get $n) (i64.const -1)) (then
          (local.set $n (call $call (i32.const 1024) (i32.const 10) (i32.const 512) (i32.const {len(fetch)})))
          (call $read (i32.const 4096))
          (if (i64.ne (i64.shr_u (local.get $n) (i64.const 32)) (i64.const 0)) (then
            (call $propose (i32.const 1) (i32.const 4096) (i32.wrap_i64 (local.get $n))) (unreachable)))
          (local.set $i (i32.add (i32.load (i32.const 4096)) (i32.const 4)))
          (call $propose (i32.const 0) (i32.add (i32.const 4096) (local.get $i))
            (i32.sub (i32.wrap_i64 (local.get $n)) (local.get $i))) (unreachable)))
        (call $read (i32.const 4096))
        (i64.or (i64.const {4096 << 32}) (i64.and (local.get $n) (i64.const 0xffffffff)))"""
    terms = parse_terms({"capabilities": {"http": {"hosts": ["api.example.com"]}}})
    return Function(module(body, before=data(0, spec) + data(512, fetch) + data(1024, b"http.fetch")), terms)
