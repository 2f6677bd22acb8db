"""The verdicts as one text."""

from adapter.authorization.snapshot_store import SnapshotStore
from adapter.authorization.verdict_text import LONGEST, VerdictTexts, read_verdicts, verdict_text
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.decision import Allowed, Answered, Denied
from adapter.policy.policy_verdicts import PolicyVerdict, Said
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import Deny, DenyReason, DirectResponse
from tests.builders import api, applied
from tests.rig.clock import FakeClock

REQUEST = GivenAttributes(method="GET", path="/")
BLOCK = applied("access-block")


def published() -> SnapshotStore:
    """A snapshot with an API that has one policy."""
    snapshots = SnapshotStore(FakeClock())
    snapshots.publish([api("1", [BLOCK])])
    return snapshots


def refused(snapshots: SnapshotStore) -> Denied:
    """The policy's denial."""
    instance = snapshots.current.apis["1"]
    (ref,) = instance.policy_refs
    deny = Deny(DenyReason.ACCESS_BLOCKED, 403, "")
    return Denied(deny, snapshots.current.revision, instance.instance, ref)


def test_a_denial_names_its_policy() -> None:
    """The text names the type and the id."""
    snapshots = published()
    text = VerdictTexts(snapshots).of(refused(snapshots), REQUEST)
    assert text == "access-block/id-of-access-block=denied"


def test_a_kept_text_is_of_one_policy_and_one_snapshot() -> None:
    """An allowed request, and the policies of the next snapshot, have texts of their own."""
    snapshots = published()
    texts = VerdictTexts(snapshots)
    passed = Allowed(ApiInstance("1", ""), snapshots.current.revision)
    for _ in range(2):
        assert texts.of(refused(snapshots), REQUEST).endswith("=denied")
        assert texts.of(passed, REQUEST).endswith("=passed")
    snapshots.publish([api("1", [])])
    assert texts.of(Allowed(ApiInstance("1", ""), snapshots.current.revision), REQUEST) == ""


def test_another_snapshot_says_nothing_about_the_decision() -> None:
    """Its policies may be others than those that were asked."""
    snapshots = published()
    denied = refused(snapshots)
    snapshots.publish([api("1", [])])
    assert VerdictTexts(snapshots).of(denied, REQUEST) == ""


def test_a_decision_without_asked_policies_has_no_text() -> None:
    """No API, an API that is not there, a closed one, or an answer of our own."""
    snapshots = published()
    texts, revision = VerdictTexts(snapshots), snapshots.current.revision
    assert texts.of(Allowed(None, revision), REQUEST) == ""
    assert texts.of(Allowed(ApiInstance("9", ""), revision), REQUEST) == ""
    closed = refused(snapshots)._replace(policy=None)
    assert texts.of(closed, REQUEST) == ""
    preflight = Answered(DirectResponse(204), revision, ApiInstance("1", ""))
    assert texts.of(preflight, REQUEST) == ""


def test_what_is_written_is_read_back() -> None:
    """Also names with the characters that separate parts."""
    odd = PolicyRef("1|2=3/4%7C", "a-type")
    text = verdict_text(
        [PolicyVerdict(odd, Said.PASSED), PolicyVerdict(PolicyRef("7", "cors"), Said.DENIED)]
    )
    assert read_verdicts(text) == [("a-type", "1|2=3/4%7C", "passed"), ("cors", "7", "denied")]
    assert read_verdicts("") == read_verdicts("nonsense|=passed") == []


def test_a_long_chain_is_cut_between_policies() -> None:
    """The text ends with the number of policies that it has no room for."""
    text = verdict_text(
        [PolicyVerdict(PolicyRef(f"{n:06}", "cors"), Said.PASSED) for n in range(90)]
    )
    kept = read_verdicts(text)
    assert len(text) < LONGEST + 10
    assert text.endswith(f"|+{90 - len(kept)}")
    assert kept[-1] == ("cors", f"{len(kept) - 1:06}", "passed")
