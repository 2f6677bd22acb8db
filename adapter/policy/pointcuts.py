"""Compiles pointcuts, and finds those that never apply or were probably meant otherwise."""

from collections.abc import Callable, Iterable

from adapter.errors import PolicyError, PolicyFault
from adapter.policy.bounded_patterns import BoundedPattern, compile_bounded, shown
from adapter.policy.catalog import EVERYTHING, Pointcut
from adapter.policy.method_patterns import objection_to_methods, warning_on_methods
from adapter.policy.path_patterns import objection_to_path, warning_on_path
from adapter.policy.request import canonical_method, canonical_path
from adapter.policy.rule import CompiledPointcut

_METHOD = "methodRegex"
_PATH = "uriTemplateRegex"


def compile_pointcuts(pointcuts: Iterable[Pointcut]) -> tuple[CompiledPointcut, ...]:
    """Compile all pointcuts of a policy. Raises PolicyError with all faults."""
    faults: list[PolicyFault] = []
    compiled = tuple(
        [_compile(each, f"pointcutData.{n}", faults) for n, each in enumerate(pointcuts)]
    )
    if faults:
        # Operators see no numbers of pointcuts, but the patterns.
        lines = (f"{fault.field.rpartition('.')[2]} {fault.message}" for fault in faults)
        raise PolicyError("; ".join(lines), tuple(faults))
    return compiled


def warnings_on(pointcuts: Iterable[Pointcut]) -> tuple[str, ...]:
    """See `Rule.warnings`."""
    warnings = [
        (name, pattern, warning_on(pattern))
        for each in pointcuts
        for name, pattern, warning_on in (
            (_METHOD, each.method_regex, warning_on_methods),
            (_PATH, each.path_regex, warning_on_path),
        )
    ]
    return tuple([f"{name} {shown(pattern)!r} {why}" for name, pattern, why in warnings if why])


def _compile(pointcut: Pointcut, place: str, faults: list[PolicyFault]) -> CompiledPointcut:
    def compiled(
        name: str, pattern: str, longest: int, objection: Callable[[BoundedPattern], str | None]
    ) -> BoundedPattern | None:
        if pattern in EVERYTHING:
            return None
        try:
            found = compile_bounded(pattern, longest)
            why = objection(found)
        except ValueError as e:
            found, why = None, f"{e}{_hint(pattern)}"
        if why is not None:
            faults.append(PolicyFault(f"{place}.{name}", f"{shown(pattern)!r} {why}"))
        return found

    method_regex, path_regex = pointcut.method_regex, pointcut.path_regex
    method = compiled(
        _METHOD,
        method_regex,
        canonical_method.MAX_CHARS,
        lambda found: objection_to_methods(method_regex, found.compiled),
    )
    path = compiled(
        _PATH, path_regex, canonical_path.MAX_CHARS, lambda _: objection_to_path(path_regex)
    )
    if path is None:
        return CompiledPointcut(method and method.compiled, None)
    return CompiledPointcut(method and method.compiled, path.compiled, path.longest)


def _hint(pattern: str) -> str:
    is_glob = pattern.startswith("*") or "**" in pattern
    return "; in a regular expression, .* stands for any text" if is_glob else ""
