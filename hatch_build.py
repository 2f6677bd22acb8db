"""Compiles the Check path when a wheel is built with POLICY_ADAPTER_COMPILE=1.

A module is compiled if its first line is `# mypyc: compiled`. mypyc turns it into a C extension,
guided by its type annotations. Without POLICY_ADAPTER_COMPILE the same sources run as Python.
docs/adr/0010-compiled-check-path.md has the reasons.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MARK: Final = "# mypyc: compiled\n"

_SETUP: Final = """
from mypyc.build import mypycify
from setuptools import setup

# Without site-packages the extensions do not depend on what happens to be installed.
options = ["--follow-imports=silent", "--ignore-missing-imports", "--no-site-packages"]
setup(name="compiled", packages=[], ext_modules=mypycify([*options, *{modules!r}], opt_level="2"))
"""


class CompilingHook(BuildHookInterface[Any]):
    """Adds the extensions of the marked modules to the wheel."""

    _folder: Path | None = None

    def dependencies(self) -> list[str]:
        """The build requirements of compiling, besides a C compiler (`cc`, or the one in CC)."""
        return ["mypy>=2,<3", "setuptools>=77"] if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in a temporary folder, because an extension beside its source would hide it."""
        if not _is_wanted() or version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="policy-adapter-"))
        shutil.copytree(Path(self.root, "adapter"), self._folder / "adapter")
        modules = [str(module) for module in compiled_modules(Path(self.root))]
        Path(self._folder, "setup.py").write_text(_SETUP.format(modules=modules))
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        try:
            subprocess.run(command, cwd=self._folder, check=True)  # noqa: S603 - no outside input
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        extensions = [*self._folder.glob("*.so"), *self._folder.glob("adapter/**/*.so")]
        build_data["force_include"].update(
            {str(extension): str(extension.relative_to(self._folder)) for extension in extensions}
        )
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Remove the temporary folder."""
        if self._folder is not None:
            shutil.rmtree(self._folder)


def compiled_modules(root: Path) -> list[Path]:
    """The marked modules of the adapter, as paths relative to `root`."""
    sources = sorted(Path(root, "adapter").rglob("*.py"))
    return [path.relative_to(root) for path in sources if path.read_text().startswith(_MARK)]


def _is_wanted() -> bool:
    return os.environ.get("POLICY_ADAPTER_COMPILE") == "1"
