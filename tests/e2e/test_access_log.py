"""What an operator's own access log can print of a decision, as docs/operations.md says."""

from pathlib import Path

import pytest
import yaml

from support.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for, manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

_FORMAT = (
    "%REQ(X-ADAPTER-CLIENT-ID)% %DYNAMIC_METADATA(envoy.filters.http.ext_authz:caller)% "
    "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:reason)%\n"
)


async def test_fields_of_the_record(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Who called, and why a request was refused."""
    log = tmp_path / "access.log"
    async with AdapterInProcess(APIS, token=TOKEN) as adapter:
        config = _logging_to(log, config_for(upstream, adapter.address))
        async with Envoy(binary, config, tmp_path) as envoy:
            for secret in ("secret", "wrong"):
                headers = [("client_id", "client-1"), ("client_secret", secret)]
                await request(envoy.address, "secured.test", "/", headers)
    await until(lambda: len(log.read_text().splitlines()) == 2)
    passed, refused = log.read_text().splitlines()
    assert passed == "client-1 client-1|Zoë's shop|contract-of-client-1| -"
    assert refused == "- - credentials_invalid"


def _logging_to(log: Path, config: str) -> str:
    tree = yaml.safe_load(config)
    manager, _ = manager_and_filter(tree)
    kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
    text = {"text_format_source": {"inline_string": _FORMAT}}
    logger = {"@type": kind, "path": str(log), "log_format": text}
    manager["access_log"].append({"name": "envoy.access_loggers.file", "typed_config": logger})
    return yaml.safe_dump(tree)
