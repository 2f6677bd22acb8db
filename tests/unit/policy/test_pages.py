"""The pages in docs/policies say what is true."""

import json
import re
from pathlib import Path

import pytest

from adapter.policy.catalog import Pointcut
from adapter.policy.compile import POLICY_TYPES, compile_policy
from adapter.policy.policies import access_block
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.rule import NOWHERE
from adapter.policy.rule_pool import RulePool
from tests.builders import applied

PAGES = Path(__file__).parents[3] / "docs" / "policies"


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("policy_type", POLICY_TYPES)
def test_every_policy_type_is_listed_and_has_a_page(policy_type: str) -> None:
    """An admin finds what can be enforced."""
    row = re.search(
        rf"^\| .*`{policy_type}`.*?\]\(([a-z0-9-]+\.md)\)", (PAGES / "README.md").read_text(), re.M
    )
    assert row is not None
    assert (PAGES / row.group(1)).exists()


@pytest.mark.parametrize("policy_type", POLICY_TYPES)
def test_examples_are_good_configurations(policy_type: str) -> None:
    """Each example can be pasted into API Manager."""
    page = "ip-lists.md" if policy_type.startswith("ip-") else f"{policy_type}.md"
    examples = blocks(page, "json")
    assert examples
    for example in examples:
        compile_policy(applied(policy_type, json.loads(example)), RulePool())


def test_the_example_of_a_new_policy_is_a_real_one() -> None:
    """Who follows the page ends up with a policy."""
    assert blocks("adding-a-policy.md", "python")[0] == Path(access_block.__file__).read_text()


def test_the_example_of_a_pointcut_can_be_pasted() -> None:
    """It compiles, and covers what the page says."""
    (example,) = map(json.loads, blocks("pointcuts.md", "json"))
    where = [Pointcut(p["methodRegex"], p["uriTemplateRegex"]) for p in example["pointcutData"]]
    policy = applied(example["assetId"], example["configurationData"], pointcuts=tuple(where))
    rule = compile_policy(policy, RulePool()).rule
    paths = ("/admin", "/billing/admin", "/billing/admin/1")
    requests = [GivenAttributes(method="GET", path=path) for path in paths]
    assert [rule.pointcut_of(request) for request in requests] == [NOWHERE, 0, 0]
