"""Winners among entrants that the web names: agreed on first, drawn afterwards (docs/randomness.md).

Input: abi.encode(uint256 winners). Output: abi.encode(string[] winners), each at most once. The committee draws when a
quorum of it says that the list is settled, so nobody who bends the list can know whom that makes win.
"""

from executor_guest import abi, function, http, observe, random, union

LIST = "http://entrants.test/entrants"
MAX_WINNERS = 100


@function
def prize_draw(request):
    (winners,) = abi.decode(["uint256"], request.bytes)
    entrants = observe(union, lambda: http.get(LIST).json(), label="entrants")
    if winners > min(MAX_WINNERS, len(entrants)):
        raise ValueError(f"{winners} winners of {len(entrants)} entrants")
    return abi.encode(["string[]"], [random.sample(entrants, winners)])
