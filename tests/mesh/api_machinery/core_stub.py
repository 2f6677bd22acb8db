"""What the program for custom resources asks the main API server of a cluster: it allows all."""

from collections.abc import Iterable

from aiohttp import web

_LISTS = {
    "/api/v1/namespaces": "NamespaceList",
    "/api/v1/services": "ServiceList",
    "/apis/discovery.k8s.io/v1/endpointslices": "EndpointSliceList",
    "/apis/admissionregistration.k8s.io/v1": "List",
}


async def answer(request: web.Request) -> web.StreamResponse:
    """Every right is granted, and every list is empty."""
    if request.method == "POST":
        review = await request.json()
        return web.json_response(review | {"status": {"allowed": True}}, status=201)
    if request.query.get("sendInitialEvents"):
        # A list that streams; after this answer, the program asks for an ordinary one.
        return _status(422, "Invalid")
    if request.query.get("watch"):
        return await _silence(request)
    if _is_list(request.path, _LISTS):
        content = {"kind": _kind(request.path), "apiVersion": _version(request.path)}
        return web.json_response(content | {"metadata": {"resourceVersion": "1"}, "items": []})
    if request.path.startswith("/api/v1/namespaces/"):
        name = request.path.rpartition("/")[2]
        return web.json_response(
            {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}
        )
    return _status(404, "NotFound")


async def _silence(request: web.Request) -> web.StreamResponse:
    """A watch without events, which ends when the client goes."""
    response = web.StreamResponse()
    response.content_type = "application/json"
    await response.prepare(request)
    await request.app["ended"].wait()
    return response


def _is_list(path: str, places: Iterable[str]) -> bool:
    return any(path.startswith(place) for place in places) and "/namespaces/" not in path


def _kind(path: str) -> str:
    plural = path.rpartition("/")[2]
    return {
        "mutatingwebhookconfigurations": "MutatingWebhookConfigurationList",
        "validatingwebhookconfigurations": "ValidatingWebhookConfigurationList",
        "validatingadmissionpolicies": "ValidatingAdmissionPolicyList",
        "validatingadmissionpolicybindings": "ValidatingAdmissionPolicyBindingList",
        "mutatingadmissionpolicies": "MutatingAdmissionPolicyList",
        "mutatingadmissionpolicybindings": "MutatingAdmissionPolicyBindingList",
        "endpointslices": "EndpointSliceList",
        "services": "ServiceList",
    }.get(plural, "NamespaceList")


def _version(path: str) -> str:
    group = path.strip("/").split("/")[:-1]
    return "v1" if group[0] == "api" else "/".join(group[1:])


def _status(code: int, reason: str) -> web.Response:
    content = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return web.json_response(content | {"reason": reason, "code": code}, status=code)
