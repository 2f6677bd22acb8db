"""Changes messages at random: bytes, or fields with the lengths around them kept right."""

from random import Random

from tests.fuzz.fields import Field, parsed, varint

_MOST_CHANGES = 5
_LONGEST = 100_000
_ODD = (
    b"",
    b"\x00",
    b"\xff",
    "Zoë".encode(),
    b"\r\n",
    b"a" * 127,
    b"a" * 128,
    b"a" * 300,
    b"?#/..",
)


def mutated(message: bytes, others: list[bytes], random: Random) -> bytes:
    """The message after some changes. `others` are messages to take fields from."""
    for _ in range(random.randint(1, _MOST_CHANGES)):
        if random.random() < 0.7:
            message = _with_other_fields(message, random.choice(others), random)
        else:
            message = _with_other_bytes(message, random)
    return message[:_LONGEST]


def _with_other_bytes(message: bytes, random: Random) -> bytes:
    start = random.randint(0, len(message))
    stop = random.choice([start, start + 1, start + random.randint(0, 40), len(message)])
    between = random.choice([b"", random.randbytes(random.randint(1, 3)), 2 * message[start:stop]])
    return message[:start] + between + message[stop:]


def _with_other_fields(message: bytes, other: bytes, random: Random) -> bytes:
    """Change one field of the message, or of a message in it, as deep as there are any."""
    fields = parsed(message)
    if not fields:
        return _with_other_bytes(message, random)
    index = random.randrange(len(fields))
    field = fields[index]
    if field.has_length and parsed(field.content) and random.random() < 0.8:
        inner = _with_other_fields(field.content, _within(other, field.tag), random)
        changed = [field._replace(content=inner).encoded(random.choice([0, 0, 0, 1]))]
    else:
        changed = _instead_of(field, parsed(other), random)
    kept = [each.encoded() for each in fields]
    kept[index : index + 1] = changed
    if random.random() < 0.1:
        random.shuffle(kept)
    return b"".join(kept)


def _within(message: bytes, tag: int) -> bytes:
    """The content of the message's first field with that tag."""
    return next((field.content for field in parsed(message) if field.tag == tag), b"")


def _instead_of(field: Field, others: list[Field], random: Random) -> list[bytes]:
    """What a field becomes: nothing, two, odd content, another number, or another's field."""
    same = field.encoded()
    odd = random.choice(_ODD) if field.has_length else varint(random.getrandbits(64), 1)
    other = random.choice(others) if others else field
    return random.choice(
        [
            [],
            [same, same],
            [field.encoded(padding=random.randint(1, 3))],
            [field._replace(content=odd).encoded()],
            [field._replace(content=field.content + odd).encoded()],
            [field._replace(tag=random.randint(1, 40) << 3 | field.tag & 7).encoded()],
            [field._replace(tag=field.tag >> 3 << 3 | random.randrange(8)).encoded()],
            [same, other.encoded()],
            [other.encoded(), same],
        ]
    )
