"""No secret is compared with `==`, because the time it takes tells how much of it is right."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import adapter
import control_plane

SECRET_WORDS = ("secret", "password", "token", "digest", "signature", "hash", "csrf", "nonce")
OWN_TEXTS = "the client that compares has sent both sides"
HASHED = "the database finds a long random token by its SHA-256"
PUBLIC = "digests of public things"
_WORD = f"({'|'.join(SECRET_WORDS)})"
CANDIDATE = re.compile(rf"{_WORD}\b.* [!=]= | [!=]= .*{_WORD}", re.IGNORECASE)
"""A line that is worth parsing its file."""
NO_SECRETS = {
    "adapter/controller/mesh_writer.py": "digests of objects before and after a change",
    "adapter/doctor/checks/questions.py": OWN_TEXTS,
    "adapter/platform_client/environment_file/source.py": "files before and after a change",
    "adapter/platform_client/protocol/token.py": OWN_TEXTS,
    "adapter/platform_client/protocol/translate.py": "the name of a fault",
    "adapter/policy/contracts/contract.py": "Python's keyed hash of a client id: ADR 13",
    "adapter/policy/policies/shared/sender_constraint.py": PUBLIC,
    "adapter/policy/tokens/dpop.py": OWN_TEXTS,
    "control_plane/accounts/access.py": HASHED,
    "control_plane/accounts/client_logins.py": HASHED,
    "control_plane/accounts/user_tokens.py": HASHED,
    "control_plane/pages/settings/account.py": OWN_TEXTS,
    "control_plane/pages/vendor.py": PUBLIC,
    "control_plane/protocol/environment_file.py": "whether a secret is the mask",
}
"""Files where nothing can be found out by timing, and why."""


def compared(tree: ast.AST) -> Iterator[str]:
    """The names and members that are operands of `==`, `!=` and `in`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        if not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        operands = [node.left, *node.comparators]
        if any(isinstance(each, ast.Constant) for each in operands):
            continue
        for each in operands:
            if isinstance(each, ast.Name | ast.Attribute):
                yield each.id if isinstance(each, ast.Name) else each.attr


def comparing_files() -> set[str]:
    """Files with a comparison whose operand is named like a secret."""
    found = set()
    for package in (adapter, control_plane):
        assert package.__file__
        root = Path(package.__file__).parent
        for path in root.rglob("*.py"):
            text = path.read_text()
            names = compared(ast.parse(text)) if CANDIDATE.search(text) else ()
            if any(name.lower().endswith(SECRET_WORDS) for name in names):
                found.add(str(path.relative_to(root.parent)))
    return found


def test_secrets_are_compared_in_constant_time() -> None:
    """With `hmac.compare_digest`. The table has a reason for each exception."""
    assert comparing_files() == set(NO_SECRETS)


def test_a_comparison_of_secrets_is_found() -> None:
    """Of names, and of members of an object."""
    tree = ast.parse("if given == self._secret or token != 'text' or password != found: pass")
    assert set(compared(tree)) == {"given", "_secret", "password", "found"}
