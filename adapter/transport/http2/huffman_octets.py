# mypyc: compiled
"""The Huffman code of header strings (RFC 7541, 5.2 and appendix B), decoded octet by octet.

For the strings that `huffman` cannot give to zlib.
"""

from typing import Final

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

_END: Final = 256
"""The symbol that must not occur in a string."""


class HuffmanError(ValueError):
    """The octets are no string in this code."""


class OctetDecoder:
    """A machine whose states are the inner nodes of the code's tree, fed with whole octets.

    Feeding an octet in a state gives the next state and the symbols that ended on the way. Each of
    these steps is worked out when it is first needed, then kept: 65,536 at most, shared by all
    connections, and a few hundred in fact, since headers are of few characters.
    """

    def __init__(self) -> None:
        self._children, self._finals = _tree()
        self._steps: list[tuple[int, bytes] | None] = [None] * (len(self._children) << 8)

    def decode(self, encoded: bytes) -> bytes:
        """The string; raises HuffmanError where there is none."""
        steps, state = self._steps, 0
        parts = []
        for octet in encoded:
            step = steps[state | octet]
            if step is None:
                step = steps[state | octet] = self._work_out(state >> 8, octet)
            state, symbols = step
            parts.append(symbols)
        if state >> 8 not in self._finals:
            raise HuffmanError("the string ends inside a symbol")
        return b"".join(parts)

    def _work_out(self, node: int, octet: int) -> tuple[int, bytes]:
        symbols = bytearray()
        for shift in range(7, -1, -1):
            child = self._children[node][octet >> shift & 1]
            if child >= 0:
                node = child
            elif ~child == _END:
                raise HuffmanError("the string holds the symbol of its end")
            else:
                symbols.append(~child)
                node = 0
        return node << 8, bytes(symbols)


def _tree() -> tuple[list[list[int]], frozenset[int]]:
    """Each inner node's two children, symbols as their complement, and the nodes to end in.

    A string may end in up to seven bits of padding, which are the first of the end symbol: ones.
    """
    children = [[0, 0]]
    for symbol, (code, length) in enumerate(zip(REQUEST_CODES, REQUEST_CODES_LENGTH, strict=True)):
        node = 0
        for shift in range(length - 1, 0, -1):
            bit = code >> shift & 1
            if not children[node][bit]:
                children[node][bit] = len(children)
                children.append([0, 0])
            node = children[node][bit]
        children[node][code & 1] = ~symbol
    finals, node = [0], 0
    for _ in range(7):
        node = children[node][1]
        finals.append(node)
    return children, frozenset(finals)
