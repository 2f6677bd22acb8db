"""Makes the way from a Check to its decision from the settings."""

from adapter.app.explaining import live_explainer
from adapter.app.identity import Identity
from adapter.app.ldap import LdapUsers
from adapter.app.quotas import Quotas
from adapter.app.tracing import Tracing
from adapter.authorization.authorizer import Authorizer
from adapter.authorization.decision_counts import DecisionCounts
from adapter.authorization.decision_sample import DecisionSample
from adapter.authorization.denial_log import DenialLog
from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.effect_ports import effect_ports
from adapter.authorization.gatekeeper import Gatekeeper
from adapter.authorization.observer import DecisionObserver
from adapter.authorization.ports import PlatformContact
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import VerdictTexts
from adapter.envoy_config import api_of_route
from adapter.ext_authz.check.reader import RequestReader
from adapter.ext_authz.check.request import ADDRESS_HEADER
from adapter.ext_authz.response.writer import ResponseWriter
from adapter.ext_authz.service import AuthorizationService
from adapter.ext_authz.waiting_checks import WaitingChecks
from adapter.operations.message_log import MessageLog
from adapter.policy.bindings import BindingTable
from adapter.policy.catalog import ApiInstance
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.verdicts import Deny
from adapter.quota.spike import SpikeThrottle
from adapter.runtime.clock import Clock
from adapter.settings import AnalyticsSettings, RequestSettings, Settings
from adapter.transport.service import UnaryMethod


class Checks:
    """The authorizer with everything that it needs, and the service that Envoy calls."""

    def __init__(
        self,
        settings: Settings,
        bindings: BindingTable,
        snapshots: SnapshotStore,
        contact: PlatformContact,
        quotas: Quotas,
        identity: Identity,
        clock: Clock,
        tracing: Tracing,
    ) -> None:
        self._tracer = tracing.tracer
        self._settings = settings
        self._snapshots = snapshots
        self._clock = clock
        self.decisions = DecisionCounts()
        self.discovered = DiscoveredServices()
        self.denials = DenialLog(
            clock,
            settings.observability.denials,
            keep_addresses=settings.analytics.include_client_ip,
        )
        self.spikes = SpikeThrottle(clock)
        self.messages = MessageLog(clock)
        self.waiting = WaitingChecks(settings.listener.max_waiting_checks, clock)
        self.users = LdapUsers(settings.identity, identity.tls, clock)
        self._gatekeeper = Gatekeeper(
            clock, contact, mode=settings.gatekeeper.mode, max_age_s=settings.max_age_s
        )
        self.explainer = live_explainer(snapshots, self._gatekeeper, quotas, identity)
        self._authorizer = self._make_authorizer(bindings, quotas, identity)
        self.method = tracing.traced(self.decisions, self._service)

    def take_over(self, bindings: BindingTable) -> None:
        """Use other bindings from now on, for Checks and for entries of the access log."""
        self._authorizer.bindings = bindings

    def attribute(self, request: RequestAttributes) -> ApiInstance | None:
        """The API of an access log entry without a decision; None if it belongs to no API.

        An entry contains neither the `api_id` nor the metadata of its route. The API is found by
        the bindings, or by the name that a mesh or `envoy-config` gives to an API's route.
        """
        bindings = self._authorizer.bindings
        api_id: str | Deny = bindings.of_mesh_route(request.route_name)
        if not api_id:
            api_id = bindings.resolve(request)
        if isinstance(api_id, Deny):
            api_id = api_of_route(request.route_name)
        apis = self._snapshots.current.apis
        if not apis:  # nothing is loaded yet, and the operator says which API it is
            return ApiInstance(api_id, "") if api_id else None
        api = apis.get(api_id)
        return api.instance if api else None

    def _make_authorizer(
        self, bindings: BindingTable, quotas: Quotas, identity: Identity
    ) -> Authorizer:
        return Authorizer(
            self._snapshots,
            bindings,
            self._gatekeeper,
            self._clock,
            effect_ports(
                quotas=quotas.store,
                throttler=self.spikes,
                messages=self.messages,
                users=self.users,
                tokens=identity.tokens,
                introspector=identity.introspection.introspector,
                clock=self._clock,
                clock_skew_s=self._settings.identity.clock_skew_s,
                envoy_payload=self._settings.identity.envoy_jwt_payload or "",
            ),
            unbound=self._settings.requests.unbound,
            discovered=self.discovered,
            tracer=self._tracer,
        )

    def _service(self, observer: DecisionObserver) -> UnaryMethod:
        requests = self._settings.requests
        service = AuthorizationService(
            self._authorizer,
            RequestReader(requests.client_address_header, requests.forwarded_for_position),
            response_writer(requests),
            observer=observer,
            denials=self.denials,
            sample=decision_sample(
                self._settings.analytics, self._clock, sends_events=self._settings.sends_events
            ),
            verdicts=VerdictTexts(self._snapshots),
            waiting=self.waiting,
            clock=self._clock,
        )
        return service.method


def decision_sample(
    analytics: AnalyticsSettings, clock: Clock, *, sends_events: bool
) -> DecisionSample:
    """The sample of allowed requests; if nobody gets events, nobody would see it."""
    return DecisionSample(clock, analytics.verdict_sample if sends_events else 0)


def response_writer(requests: RequestSettings) -> ResponseWriter:
    """The writer of answers to Checks."""
    header = requests.client_address_header or ADDRESS_HEADER
    return ResponseWriter(
        requests.identity_header_prefix, header, sends_decision_id=requests.decision_id_header
    )
