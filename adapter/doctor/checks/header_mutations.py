"""What Envoy does to request headers before it asks the adapter."""

from collections.abc import Iterator

import re2

from adapter.doctor.fields import Tree, flag, kind_of, text, tree, trees
from adapter.doctor.model import Chain, HttpFilter


def mutations_before_check(chain: Chain) -> Iterator[Tree]:
    """The mutations of request headers, in the order in which Envoy applies them."""
    for extension in trees(chain.manager, "early_header_mutation_extensions"):
        config = tree(extension, "typed_config")
        if kind_of(config) == "header_mutation":
            yield from trees(config, "mutations")
    for http_filter in chain.before_check:
        if _always_runs(http_filter):
            yield from trees(tree(http_filter.config, "mutations"), "request_mutations")


def _always_runs(http_filter: HttpFilter) -> bool:
    is_on = not http_filter.is_disabled and not http_filter.is_skipped
    return is_on and http_filter.kind == "header_mutation"


def removes(mutation: Tree, name: str) -> bool:
    """Whether the mutation removes the header of this name."""
    if text(mutation, "remove").lower() == name:
        return True
    matcher = tree(mutation, "remove_on_match", "key_matcher")
    return bool(matcher) and _matches(matcher, name)


def _matches(matcher: Tree, name: str) -> bool:
    """Whether Envoy's StringMatcher matches a name in lower case."""
    patterns = {key: text(matcher, key) for key in ("exact", "prefix", "suffix", "contains")}
    if flag(matcher, "ignore_case"):
        patterns = {key: pattern.lower() for key, pattern in patterns.items()}
    regex = text(tree(matcher, "safe_regex"), "regex")
    return (
        (bool(patterns["exact"]) and name == patterns["exact"])
        or (bool(patterns["prefix"]) and name.startswith(patterns["prefix"]))
        or (bool(patterns["suffix"]) and name.endswith(patterns["suffix"]))
        or (bool(patterns["contains"]) and patterns["contains"] in name)
        or (bool(regex) and _matches_regex(regex, name))
    )


def _matches_regex(regex: str, name: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(regex, options).fullmatch(name) is not None
    except re2.error:
        return False


def value_set(mutation: Tree, name: str) -> str | None:
    """The value that the mutation gives to this header if it overwrites it; None if it does not."""
    append = tree(mutation, "append")
    header = tree(append, "header")
    overwrites = text(append, "append_action") == "OVERWRITE_IF_EXISTS_OR_ADD"
    return text(header, "value") if overwrites and text(header, "key").lower() == name else None
