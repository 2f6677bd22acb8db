"""The address that others are told to use."""

import pytest

from control_plane.cli.listening import base_url, listening_socket


@pytest.mark.parametrize(
    ("listen", "for_clients"),
    [("127.0.0.1:0", "http://127.0.0.1:"), ("0.0.0.0:0", "http://127.0.0.1:"),
     ("[::1]:0", "http://[::1]:"), ("[::]:0", "http://[::1]:")],
)  # fmt: skip
def test_a_client_on_this_machine_gets_an_address_that_it_can_use(
    listen: str, for_clients: str
) -> None:
    """The addresses that mean "all of this machine" are none to connect to."""
    with listening_socket(listen) as bound:
        assert base_url(bound).startswith(f"http://{listen.removesuffix('0')}")
        assert base_url(bound, for_clients=True).startswith(for_clients)
