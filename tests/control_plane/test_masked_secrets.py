"""Secrets do not reach the audit log."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from control_plane.management.audit_log import AuditFilter
from control_plane.management.masked_secrets import MASK, masked
from tests.control_plane.conftest import Platform
from tests.control_plane.test_audit_log import log


async def test_secrets_are_in_no_entry(platform: Platform) -> None:
    """Not of policies, not of applications, not even hashed, and not in the file's bytes."""
    admin = platform.admin
    api = await admin.create_api("orders", endpoint={"uri": "http://user:hunter2@orders.test"})
    configuration = {
        "password": "hunter2",
        "inboundHeaders": [{"key": "Authorization", "value": "Bearer hunter2"}],
        "ldap": {"searchBase": "dc=test", "userPassword": ["hunter2"]},
        "url": "https://hunter2@example.test/x",
    }
    policy = await admin.apply_policy(api["id"], "our-own", configuration, allow_unknown=True)
    change = {"configurationData": configuration | {"a": 1}}
    path = f"{platform.apis}/{api['id']}/policies/{policy['id']}"
    await admin.ask("PATCH", path, change, allowUnknown="true")
    await admin.apply_automated_policy("our-own", configuration, allow_unknown=True)
    phone = await admin.create_application("phone")
    secret = await admin.reset_secret(phone["id"])
    with platform.services.database.connection() as connection:
        stored = repr(connection.execute(text("SELECT * FROM audit_entries")).all())
        query = text("SELECT secret_hash, secret_salt FROM client_applications")
        hashes = connection.execute(query).one()
    for hidden in ("hunter2", phone["clientSecret"], secret, *hashes):
        assert hidden not in stored
    changed = log(platform, AuditFilter(kind="policy"))[0]
    assert changed.after is not None
    assert changed.after["configuration"] == {
        "password": MASK,
        "inboundHeaders": [{"key": "Authorization", "value": MASK}],
        "ldap": {"searchBase": "dc=test", "userPassword": MASK},
        "url": f"https://{MASK}@example.test/x",
        "a": 1,
    }
    reset = log(platform, AuditFilter(kind="application"))[0]
    assert reset.before is not None
    assert (reset.before["secret_hash"], reset.before["secret_salt"]) == (MASK, MASK)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from(
    ["password", "clientSecret", "client_secret", "accessToken", "apiKey", "textKey", "Cookie"]
)


@given(JSON, NAMES, JSON.filter(lambda value: value is not None and not isinstance(value, bool)))
def test_a_secret_at_any_depth_is_masked(around: Any, name: str, secret: Any) -> None:
    """The name alone decides; what is beside it stays as it is."""
    assert masked([{"a": {name: secret}}, around]) == [{"a": {name: MASK}}, masked(around)]


def test_how_long_a_key_is_or_a_token_counts_is_no_secret() -> None:
    """Only numbers: a text under such a name may be anything."""
    lengths = {"signingKeyLength": 256, "validatedTokenTTL": 600, "tokenLifetime": 1.5}
    assert masked(lengths) == lengths
    assert masked({"signingKeyLength": "256", "token": 5}) == {
        "signingKeyLength": MASK,
        "token": MASK,
    }


def test_all_credentials_of_a_url_are_masked() -> None:
    """A password may have an at sign that nobody has encoded."""
    assert masked("https://u:p@ss@idp.test/a@b and http://x@y.test") == (
        f"https://{MASK}@idp.test/a@b and http://{MASK}@y.test"
    )
    assert masked("https://idp.test/a@b?c=d@e") == "https://idp.test/a@b?c=d@e"
