from executor_guest import at, evm, function, http, identical, median, observe, private_input, secrets, time, to_hex

BALANCE_OF = "balanceOf(address)(uint256)"


class NoPrice(Exception):
    code = "http-status"


def shown(response):
    return f"{response.status} {response.text()}"


def price(url):
    def look():
        response = http.get(url)
        if not response.ok:
            raise NoPrice
        return at(response.json(), "price")

    return str(observe(median, look))


def header(rest):
    url, name = rest.split(" ")
    return observe(identical, lambda: http.get(url).headers.get(name, "none"))


def post(rest):
    url, _, body = rest.partition("\n")
    headers = {"content-type": "application/json", "x-tour": "1"}
    return observe(identical, lambda: shown(http.post(url, body=body, headers=headers)))


def many(rest):
    def look():
        found = http.fetch_many(rest.split("\n"))
        return "\n".join(f"error {each.error.code}" if each.error else shown(each) for each in found)

    return observe(identical, look)


def balance_of(rest):
    contract, holder = rest.split(" ")
    return observe(identical, lambda: evm.call(contract, BALANCE_OF, [holder]))


def balance_at(rest):
    chain, block, contract, holder = rest.split(" ")
    return observe(identical, lambda: evm.call(contract, BALANCE_OF, [holder], chain=int(chain), block=block))


def balances_of(rest):
    contract, *holders = rest.split(" ")
    calls = [{"to": contract, "abi": BALANCE_OF, "args": [holder]} for holder in holders]
    return observe(
        identical, lambda: "\n".join(str(each.value) if each.ok else "reverted" for each in evm.call_many(calls))
    )


def block(number):
    def look():
        found = evm.block(block=number)
        return f"{found.number} {found.hash} {found.parent_hash} {found.timestamp} {found.base_fee}"

    return observe(identical, look)


def logs(rest):
    address, from_block, event = rest.split(" ")

    def look():
        found = evm.logs(address, event=event, from_block=from_block)
        return "\n".join(f"{log.block_number} {log.index} {len(log.topics)} {to_hex(log.data)}" for log in found)

    return observe(identical, look)


COMMANDS = {
    "get": lambda url: observe(identical, lambda: shown(http.get(url))),
    "price": price,
    "header": header,
    "post": post,
    "many": many,
    "outside": lambda url: shown(http.get(url)),
    "balance-of": balance_of,
    "balance-at": balance_at,
    "balances-of": balances_of,
    "balance": lambda address: observe(identical, lambda: evm.balance(address)),
    "block": block,
    "final-block": lambda chain: str(observe(median, lambda: evm.block(chain=int(chain), block="finalized").number)),
    "logs": logs,
    "secret": lambda name: observe(identical, lambda: secrets.get(name)),
    "clock": lambda rest: str(observe(median, time.local)),
}


@function
def world(request):
    command, _, rest = request.bytes.partition(b"\n")
    if command == b"private":
        return observe(identical, lambda: private_input(rest).text())
    return COMMANDS[command.decode()](rest.decode())
