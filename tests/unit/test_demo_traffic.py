"""The traffic of `make demo --keep`: what it sends is a pure choice."""

from collections import Counter
from random import Random

from demo.clients import Application
from demo.traffic import choose_request

APPLICATIONS = {
    name: Application(name, number, f"{name}'s id", f"{name}'s secret")
    for number, name in enumerate(("Partner", "Stranger", "Mobile"), 1)
}


def test_requests_are_mixed_and_their_paths_bounded() -> None:
    """All clients, wrong secrets, missing credentials, methods and answers come up."""
    random = Random(1)  # noqa: S311 - keeps no secret
    sent = [choose_request(random, APPLICATIONS) for _ in range(2_000)]
    clients = Counter(request.headers.get("client_id", "nobody") for request in sent)
    assert clients.keys() == {"nobody", "Partner's id", "Stranger's id", "Mobile's id"}
    assert clients.most_common(1)[0][0] == "Partner's id"
    wrong = [each for each in sent if each.headers.get("client_secret") == "wrong"]
    assert {each.headers["client_id"] for each in wrong} == {"Partner's id"}
    assert {each.headers["x-answer-status"] for each in sent} == {"200", "404", "503"}
    assert {each.method for each in sent} == {"GET", "POST"}
    assert len({each.path for each in sent}) <= 2 + 2 * 500
    assert all(each.path.startswith("/orders") and "{" not in each.path for each in sent)
