"""What an adapter needs on this machine, checked before it starts.

`serve` and `check-config` both call `examine`, so they never differ. It changes nothing.
`examine_online` also asks the servers that the settings name.
"""

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.offline import examine

__all__ = ["Findings", "examine"]
