"""A real LDAP server, OpenLDAP's slapd, on loopback."""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.rig.cache import CACHE, filling_cache
from tests.rig.certificates import Authority
from tests.rig.debian_packages import installed_program
from tests.rig.redis_server import free_port

START_DEADLINE_S = 30.0
SUFFIX = "dc=example,dc=test"
PEOPLE = f"ou=people,{SUFFIX}"
ACCOUNT = f"cn=adapter,{SUFFIX}"
ACCOUNT_PASSWORD = "of-the-adapter"
PASSWORD = "pä:ss wörd"
"""Of every user."""

# Without a configuration of its own, the package starts no server of its own.
_UNCONFIGURED = "slapd slapd/no_configuration boolean true"
_CONFIGURATION = """\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/slapd.pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {ca}
TLSVerifyClient {verify_client}
allow bind_anon_cred
database mdb
suffix {suffix}
rootdn cn=root,{suffix}
directory {directory}/data
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact={account} read by self read by * auth
"""
_ENTRIES = """\
dn: {suffix}
objectClass: dcObject
objectClass: organization
o: Example

dn: {account}
objectClass: person
sn: adapter
userPassword: {account_password}

dn: {people}
objectClass: organizationalUnit

dn: ou=deep,{people}
objectClass: organizationalUnit

dn: ou=elsewhere,{suffix}
objectClass: referral
objectClass: extensibleObject
ref: ldap://192.0.2.1/ou=elsewhere

dn: uid=moved,{people}
objectClass: referral
objectClass: extensibleObject
ref: ldap://192.0.2.1/uid=moved
"""
_USER = """
dn: {dn}
objectClass: inetOrgPerson
cn: A user
sn: User
uid: {uid}
mail: {mail}
userPassword: {password}
"""


def _users() -> list[str]:
    users = [
        (f"uid=alice,{PEOPLE}", "alice", "alice@example.test"),
        (f"cn=twin one,{PEOPLE}", "twin", "one@example.test"),
        (f"cn=twin two,{PEOPLE}", "twin", "two@example.test"),
        (f"uid=deep,ou=deep,{PEOPLE}", "deep", "deep@example.test"),
        (f"cn=odd,{PEOPLE}", "*)(uid=\\,\\", "odd@example.test"),
    ]
    shown = [_USER.format(dn=dn, uid=u, mail=m, password=PASSWORD) for dn, u, m in users]
    locked = f"dn: uid=locked,{PEOPLE}\nobjectClass: account\nuid: locked\n"
    return [*shown, f"\n{locked}"]


class Slapd:
    """One server process; `stop` and `start` keep its ports and its entries."""

    def __init__(
        self, directory: Path, authority: Authority, *, asks_for_certificate: bool = False
    ) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = directory / "slapd.conf"
        self.port = free_port()
        self.tls_port = free_port()
        identity = authority.issue("ldap")
        (directory / "data").mkdir()
        self._configuration.write_text(
            _CONFIGURATION.format(
                directory=directory,
                certificate=identity.certificate,
                key=identity.key,
                ca=authority.certificate,
                verify_client="demand" if asks_for_certificate else "never",
                suffix=SUFFIX,
                account=ACCOUNT,
            )
        )
        self._load()

    @property
    def url(self) -> str:
        """Without TLS at first; StartTLS is offered."""
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """With TLS from the beginning."""
        return f"ldaps://127.0.0.1:{self.tls_port}"

    async def start(self) -> None:
        """Start it and return when it accepts connections."""
        addresses = f"ldap://127.0.0.1:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/"
        with (self._directory / "slapd.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it only starts here
                [*_slapd("slapd"), "-f", self._configuration, "-h", addresses, "-d", "0"],
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(START_DEADLINE_S):
            while not await self._accepts():  # noqa: ASYNC110 - nobody tells us when
                await asyncio.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it keep its connections and answer nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _load(self) -> None:
        entries = _ENTRIES.format(
            suffix=SUFFIX, people=PEOPLE, account=ACCOUNT, account_password=ACCOUNT_PASSWORD
        )
        done = subprocess.run(
            [*_slapd("slapadd"), "-f", self._configuration],
            input="".join([entries, *_users()]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    async def _accepts(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._directory / "slapd.log").read_text()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


def _slapd(tool: str) -> list[str]:
    """The command that runs slapd as one of its tools.

    It runs a copy, because some systems (AppArmor) let /usr/sbin/slapd read its own folders only.
    """
    copy = CACHE / "slapd" / "slapd"
    with filling_cache():
        if not copy.exists():
            original = installed_program("slapd", "slapd", _UNCONFIGURED)
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(original, copy)
    return [str(copy)] if tool == "slapd" else [str(copy), "-T", tool.removeprefix("slap")]


@asynccontextmanager
async def running_slapd(
    directory: Path, authority: Authority, *, asks_for_certificate: bool = False
) -> AsyncIterator[Slapd]:
    """A server that runs while the block does."""
    server = Slapd(directory, authority, asks_for_certificate=asks_for_certificate)
    try:
        await server.start()
        yield server
    finally:
        server.stop()
