"""Records what a live run is answered, in the form of a file of replies (replies_file.py).

Rule 1. HTTP by URL, whatever the method, and the node's clock; the first answer to a URL is kept, since a file has one.
Rule 2. What a run is refused for its manifest is not recorded: a replay refuses it by the same manifest.
Rule 3. What chains answered is recorded by recording_chains.py, a round of drand by the URL of the relay that had it.
Rule 4. An answer that holds a secret, as it is, in hex or percent-encoded, in its URL too, is not recorded: others
        read the file.
Rule 5. Headers that carry credentials are not recorded, for the same reason: CREDENTIALS, by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from executor.capabilities.errors import CallRefused
from executor.capabilities.framing import decode_request, decode_requests, decode_response
from executor.testing.http_words import MAX_SHOWN, parts_of
from executor.testing.replies import TIME_NOW, Reply
from executor.vm import Answer, Capabilities, Refusal, Response

MIN_SECRET_BYTES: Final = 4  # shorter ones stand in any text by chance
MAX_RECORDED: Final = 4_096  # of URLs: a function's calls are bounded by its fuel, and not small in number
CREDENTIALS: Final = frozenset(  # of answers: sessions, tokens, and what is worth a token
    {
        *("set-cookie", "set-cookie2", "cookie", "authorization", "proxy-authorization", "authentication-info"),
        *("proxy-authentication-info", "x-auth-token", "x-access-token", "x-refresh-token", "x-session-token"),
        *("x-subject-token", "x-api-key", "x-csrf-token", "x-xsrf-token", "x-amz-security-token"),
    }
)
NOT_THE_WORLDS: Final = frozenset(
    {"not-granted", "http-host-not-allowed", "http-method-not-allowed", "http-bad-request"}
)


class Recording:
    """Replies so far, by URL; `around` wraps the capabilities of one look."""

    def __init__(self, secrets: Iterable[bytes] = ()) -> None:
        self.replies: dict[str, Reply] = {}
        self.secret = 0  # answers left out by Rule 4
        known = [each for each in secrets if len(each) >= MIN_SECRET_BYTES]
        self._secrets = {*known, *(quote(each, safe="").encode() for each in known)}
        self._secrets |= {each.hex().encode() for each in known}  # as it stands in calldata
        self.left_out: set[str] = set()  # URLs that were answered twice, and differently

    def around(self, live: Capabilities) -> Capabilities:
        """These capabilities, recorded."""
        return _Recorded(live, self)

    def keep(self, url: str, reply: Reply, *, grows: bool = False) -> None:
        """One answer (Rules 1 and 4); of what `grows` the last one, which holds the others."""
        if self._holds_secret(url, reply):
            self.secret += 1
        elif url in self.replies and not grows:
            if self.replies[url] != reply:
                self.left_out.add(url)
        elif url in self.replies or len(self.replies) < MAX_RECORDED:
            self.replies[url] = reply

    def _holds_secret(self, url: str, reply: Reply) -> bool:
        said = (url.encode(), *(text.encode() for pair in reply.headers.items() for text in pair), reply.body)
        return any(secret in text for secret in self._secrets for text in said)


class _Recorded:
    def __init__(self, live: Capabilities, recording: Recording) -> None:
        self._live, self._recording = live, recording

    def call(self, operation: str, request: bytes) -> Response:
        """The live response, kept."""
        response = self._live.call(operation, request)
        with suppress(CallRefused, LookupError, ValueError):  # a malformed request, which got its refusal
            self._keep(operation, request, response)
        return response

    def _keep(self, operation: str, request: bytes, response: Response) -> None:
        match operation, response:
            case "http.fetch", Answer(message):
                self._recording.keep(decode_request(request).url, _reply(message))
            case "http.fetch", Refusal(code) if code not in NOT_THE_WORLDS:
                self._recording.keep(decode_request(request).url, Reply(error=code))
            case "http.fetch_many", Answer(messages):
                asked = [decode_request(each).url for each in decode_requests(request, limit=MAX_SHOWN)]
                for url, (failed, data) in zip(asked, parts_of(messages), strict=True):
                    if not failed:
                        self._recording.keep(url, _reply(data))
                    elif (code := data.decode("ascii")) not in NOT_THE_WORLDS:
                        self._recording.keep(url, Reply(error=code))
            case "time.now", Answer(clock):
                self._recording.keep(TIME_NOW, Reply(body=clock))


def _reply(message: bytes) -> Reply:
    status, headers, body = decode_response(message)
    return Reply(status, {name: value for name, value in headers.items() if name.lower() not in CREDENTIALS}, body)
