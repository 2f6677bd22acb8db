"""`POST /explain`: what would happen to a request, and why. Nothing is sent, charged or asked.

The body is JSON: `{"api": "2", "method": "GET", "path": "/bills", "headers": {"client_id": "c"}}`.
Optional are `host`, `scheme`, `protocol`, `source` (the client's address), `principal` and
`certificate` (URL-encoded PEM), as Envoy attests them, and `chosen_by_path` and `chosen_by_host`
(true if the route says that its API depends on it). The answer repeats nothing of the headers,
because they may contain secrets.
"""

import json
import re
from ipaddress import ip_address
from typing import Any, Final

from adapter.authorization.explainer import Explainer
from adapter.operations.denials import printable
from adapter.operations.explained_steps import notes_of, pointcut_document
from adapter.operations.routes import QuestionError, Route, json_reply
from adapter.policy.decision import Answered, Decision, Denied
from adapter.policy.explain import Explanation, Step
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import Deny

_TEXTS: Final = (
    "method",
    "path",
    "host",
    "scheme",
    "protocol",
    "source",
    "principal",
    "certificate",
)
_METHOD: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token (RFC 9110, 9.1)."""
_FLAGS: Final = ("chosen_by_path", "chosen_by_host")
_NAMED: Final = {"host": "authority", "source": "client_address"}
"""The request attributes that have another name."""


def explain_route(explainer: Explainer) -> Route:
    """The route of a running adapter."""
    return Route("/explain", lambda asked: json_reply(explained(explainer, asked.body)), "POST")


def explained(explainer: Explainer, body: bytes) -> dict[str, Any]:
    """The explanation of the request in the body; raises QuestionError."""
    request = request_of(body)
    try:
        explanation = explainer.explain(request)
    except KeyError:
        raise QuestionError(
            f"there is no API instance {request.api_id[:64]!r}; the first ones are: "
            f"{explainer.known_apis()}",
            404,
        ) from None
    return _document(explanation, request.api_id)


def request_of(body: bytes) -> GivenAttributes:
    """The request in a body. Raises QuestionError, whose message repeats no value."""
    try:
        given = json.loads(body)
    except ValueError:
        raise QuestionError("the body is not JSON", 400) from None
    if not isinstance(given, dict):
        raise QuestionError("the body must be a JSON object", 400)
    faults = list(_faults(given))
    if faults:
        raise QuestionError("\n".join(faults), 400)
    texts = {_NAMED.get(name, name): given[name] for name in _TEXTS if name in given}
    headers = {name.lower(): value for name, value in given.get("headers", {}).items()}
    flags = {name: given[name] for name in _FLAGS if name in given}
    return GivenAttributes(api_id=given["api"], headers=headers, **texts, **flags)


def _faults(given: dict[str, Any]) -> list[str]:
    headers = given.get("headers", {})
    known = {"api", "headers", *_TEXTS, *_FLAGS}
    faults = [f"{name[:40]!r} is unknown" for name in given if name not in known]
    faults += [f"{name} is missing" for name in ("api", "method", "path") if name not in given]
    faults += [
        f"{name} must be a text"
        for name in ("api", *_TEXTS)
        if name in given and not isinstance(given[name], str)
    ]
    faults += [
        f"{name} must be true or false"
        for name in _FLAGS
        if name in given and not isinstance(given[name], bool)
    ]
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        faults.append("headers must be an object of texts")
    if isinstance(given.get("path"), str) and not given["path"].startswith("/"):
        faults.append("path must begin with /")
    if isinstance(given.get("method"), str) and not _METHOD.fullmatch(given["method"]):
        faults.append("method must be an HTTP method, such as GET")
    if isinstance(given.get("source"), str) and not _is_address(given["source"]):
        faults.append("source must be one IP address, without a port")
    return faults


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _document(explanation: Explanation, api_id: str) -> dict[str, Any]:
    decision = explanation.decision
    api = decision.api
    return {
        "api_id": api_id,
        "api_name": printable(api.name) if api else "",
        "revision": decision.revision,
        "decision": _kind(decision),
        "depends": explanation.depends,
        **_refusal(decision.deny if isinstance(decision, Denied) else None),
        "policies": [_step(step) for step in explanation.steps],
    }


def _kind(decision: Decision) -> str:
    if isinstance(decision, Denied):
        return "denied"
    return "answered" if isinstance(decision, Answered) else "allowed"


def _refusal(deny: Deny | None) -> dict[str, Any]:
    if deny is None:
        return {"status": None, "reason": "", "message": "", "detail": ""}
    return {
        "status": deny.status_sent,
        "reason": deny.reason.value,
        "message": printable(deny.message),
        "detail": printable(deny.detail),
    }


def _step(step: Step) -> dict[str, Any]:
    conclusion = step.conclusion
    return {
        "policy_id": step.policy.policy_id,
        "policy_type": step.policy.policy_type,
        "automated": step.automated,
        "said": step.said.value,
        "pointcut": pointcut_document(step.pointcut) if step.pointcut else None,
        **_refusal(conclusion if isinstance(conclusion, Deny) else None),
        "notes": notes_of(step),
    }
