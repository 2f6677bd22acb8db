"""Compiles the Check path when a wheel is built with POLICY_ADAPTER_COMPILE=1.

The modules are ordinary Python and run uncompiled everywhere else; mypyc makes C extensions of
them by their type annotations. docs/adr/0010-compiled-check-path.md has the reasons.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SETUP = """
from mypyc.build import mypycify
from setuptools import setup

# Without site-packages the extensions do not depend on what happens to be installed.
options = ["--follow-imports=silent", "--ignore-missing-imports", "--no-site-packages"]
setup(name="compiled", packages=[], ext_modules=mypycify([*options, *{modules!r}], opt_level="2"))
"""


class CompilingHook(BuildHookInterface[Any]):
    """Adds the extensions of the modules in `[tool.hatch.build.targets.wheel.hooks.custom]`."""

    _folder: Path | None = None

    def dependencies(self) -> list[str]:
        """What compiling takes, besides a C compiler (`cc`, or what CC says)."""
        return ["mypy>=2,<3", "setuptools>=77"] if _is_wanted() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile in a folder of its own, so that no extension shadows a source that is edited."""
        if not _is_wanted() or version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="policy-adapter-"))
        shutil.copytree(Path(self.root, "adapter"), self._folder / "adapter")
        modules = [f"adapter/{module}.py" for module in self.config["modules"]]
        Path(self._folder, "setup.py").write_text(_SETUP.format(modules=modules))
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        try:
            subprocess.run(command, cwd=self._folder, check=True)  # noqa: S603 - our own words
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
        """Remove what was only needed to build."""
        if self._folder is not None:
            shutil.rmtree(self._folder)


def _is_wanted() -> bool:
    return os.environ.get("POLICY_ADAPTER_COMPILE") == "1"
