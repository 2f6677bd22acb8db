# mypyc: compiled
"""The Huffman code of header strings (RFC 7541, 5.2 and appendix B), decoded byte by byte.

It decodes the strings that `huffman` cannot decode with zlib.
"""

from typing import Final

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

_END: Final = 256
"""The end symbol, which must not occur in a string."""


class HuffmanError(ValueError):
    """The bytes are not a valid string in this code."""


class OctetDecoder:
    """A state machine that reads whole bytes. Its states are the inner nodes of the code's tree.

    A byte in a state leads to the next state, and yields the symbols that it completes. Each such
    step is computed when first needed, and then cached. There are at most 65,536 steps, but only a
    few hundred in practice, because headers use few characters. All connections share them.
    """

    def __init__(self) -> None:
        self._children, self._finals = _tree()
        self._steps: list[tuple[int, bytes] | None] = [None] * (len(self._children) << 8)

    def decode(self, encoded: bytes) -> bytes:
        """Decode a string; raises HuffmanError if it is invalid."""
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
                raise HuffmanError("the string contains the end symbol")
            else:
                symbols.append(~child)
                node = 0
        return node << 8, bytes(symbols)


def _tree() -> tuple[list[list[int]], frozenset[int]]:
    """The two children of each inner node (symbols as their complement), and the final nodes.

    A string may end with up to seven bits of padding: the first bits of the end symbol, all ones.
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
