"""The disk copy: what a restart without the platform lives on."""

import asyncio
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.disk.copy import DiskCopy
from adapter.platform_client.disk.format import StoredApi, StoredCatalog, decode, encode
from adapter.policy.catalog import (
    ApiContent,
    ApiInstance,
    AppliedPolicy,
    Pointcut,
    RateLimit,
    SlaTier,
)
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret
from adapter.runtime.clock import WallTime
from tests.rig.clock import FakeClock

ENVIRONMENT = "org/env"


KEY = "the gateway's secret"


TEXT = st.text(max_size=8)


OPTIONAL = st.none() | TEXT


SECRETS = st.builds(
    HashedSecret.of,
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=4),
    st.sampled_from(["auto", "secret+salt", "salt+secret"]),
    st.just(b"") | st.binary(min_size=32, max_size=32),
)


CONTRACTS = st.builds(
    Contract,
    TEXT,
    TEXT,
    TEXT,
    st.none() | SECRETS,
    OPTIONAL,
    OPTIONAL,
)


TIERS = st.builds(
    SlaTier,
    TEXT,
    TEXT,
    st.lists(st.builds(RateLimit, st.integers(0), st.integers(1)), max_size=2).map(tuple),
)


POLICIES = st.builds(
    AppliedPolicy,
    TEXT,
    TEXT,
    st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | st.lists(TEXT), max_size=2),
    st.integers(),
    st.lists(st.builds(Pointcut, TEXT, TEXT), max_size=2).map(tuple),
    st.booleans(),
    OPTIONAL,
)


CONTENTS = st.builds(
    ApiContent,
    st.builds(ApiInstance, TEXT, TEXT, TEXT),
    st.lists(POLICIES, max_size=2).map(tuple),
    st.lists(TIERS, max_size=2).map(lambda tiers: {tier.tier_id: tier for tier in tiers}),
    st.lists(CONTRACTS, max_size=2).map(lambda found: {c.contract_id: c for c in found}),
)


CATALOGS = st.builds(
    StoredCatalog,
    st.lists(POLICIES, max_size=2).map(tuple),
    st.lists(st.builds(StoredApi, CONTENTS, st.floats(0, 2e9).map(WallTime)), max_size=2).map(
        tuple
    ),
)


def catalog() -> StoredCatalog:
    """A catalog with something secret in it."""
    policy = AppliedPolicy("1", "http-basic-authentication", {"password": "pass-the-salt"})
    content = ApiContent(ApiInstance("7", "orders"), (policy,))
    return StoredCatalog((), (StoredApi(content, WallTime(5.0)),))


def large_catalog() -> StoredCatalog:
    """A catalog that is written in several pieces."""
    numbers = map(str, range(1_000))
    contracts = {n: Contract(n, n, "App", tier_id="tier 1") for n in numbers}
    content = ApiContent(ApiInstance("7", "orders"), contracts=contracts)
    return StoredCatalog((), (StoredApi(content, WallTime(5.0)),))


def _decoded(pieces: Iterable[bytes]) -> StoredCatalog:
    return decode(b"".join(pieces).splitlines(), ENVIRONMENT)


def disk_copy(path: Path, secret: str = KEY, environment: str = ENVIRONMENT) -> DiskCopy:
    """A disk copy at that place."""
    return DiskCopy(path, secret, environment, FakeClock())


@given(CATALOGS)
def test_what_is_written_comes_back(stored: StoredCatalog) -> None:
    """Every part of the catalog survives, whatever characters and bytes are in it."""
    assert _decoded(encode(stored, ENVIRONMENT)) == stored


def test_a_large_api_is_written_in_small_pieces() -> None:
    """Encoding blocks other threads only for moments, and loses nothing between pieces."""
    pieces = list(encode(large_catalog(), ENVIRONMENT))
    assert max(map(len, pieces)) < sum(map(len, pieces)) / 4
    assert _decoded(pieces) == large_catalog()


def test_equal_tiers_of_many_contracts_are_one_text() -> None:
    """A million contracts don't hold a million copies of their tier's id."""
    (api,) = _decoded(encode(large_catalog(), ENVIRONMENT)).apis
    assert len({id(contract.tier_id) for contract in api.content.contracts.values()}) == 1


async def test_a_stop_does_not_wait_for_a_writer_that_rests(path: Path) -> None:
    """A slow writer hurries when another one has to write, and both write whole files."""
    disk = disk_copy(path)
    resting = [asyncio.to_thread(disk.write, large_catalog(), slowly=True) for _ in range(3)]
    await asyncio.gather(*resting, asyncio.to_thread(disk.write, large_catalog()))
    assert disk.read().catalog == large_catalog()


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"[]", b"{}", b'["org/env", [5]]'])))
def test_no_content_breaks_the_reading(lines: list[bytes]) -> None:
    """Lines that are not ours are refused in one way."""
    with pytest.raises(ValueError, match=r"\w"):
        decode(lines, ENVIRONMENT)


def test_the_file_is_private_and_encrypted(path: Path) -> None:
    """Only the owner may read the file, and finds no secret in it; no other file is left behind."""
    disk_copy(path).write(catalog())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"pass-the-salt" not in path.read_bytes()
    assert b"orders" not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]
    assert disk_copy(path).read().catalog == catalog()


def test_no_file_is_no_trouble(path: Path) -> None:
    """The first start has nothing to read and nothing to complain of."""
    assert disk_copy(path).read() == (None, None)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"not ours at all, but long enough to hold a header, a nonce and a tag" * 3,
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: content[:70] + bytes([content[70] ^ 1]) + content[71:],
        lambda content: content[:35] + bytes([content[35] ^ 1]) + content[36:],
        lambda content: content + b"x",
    ],
    ids=["empty", "foreign", "cut", "header only", "bit in content", "bit in salt", "longer"],
)
def test_a_damaged_file_is_set_aside(path: Path, damage: Any) -> None:
    """It is kept for analysis and named in the alarm, and it blocks nothing."""
    disk_copy(path).write(catalog())
    path.write_bytes(damage(path.read_bytes()))
    found = disk_copy(path).read()
    assert found.catalog is None
    assert found.alarm is not None
    (aside,) = path.parent.iterdir()
    assert aside.name in found.alarm
    assert aside.name.startswith("catalog.rejected-")


@pytest.mark.parametrize("changed", [{"secret": "another"}, {"environment": "org/other"}])
def test_a_foreign_file_is_set_aside(path: Path, changed: dict[str, str]) -> None:
    """A copy made with another secret or for another environment is not served."""
    disk_copy(path, **changed).write(catalog())
    found = disk_copy(path).read()
    assert found.catalog is None
    assert not path.exists()


def test_what_cannot_be_read_is_an_alarm(path: Path) -> None:
    """A path that is a directory is named, and left where it is."""
    path.mkdir(parents=True)
    assert "cannot be read" in (disk_copy(path).read().alarm or "")
    assert path.is_dir()


def test_a_failed_write_keeps_the_old_file(path: Path) -> None:
    """A write that cannot finish leaves no traces."""
    path.mkdir(parents=True)
    with pytest.raises(OSError, match="catalog"):
        disk_copy(path).write(catalog())
    assert list(path.parent.iterdir()) == [path]
