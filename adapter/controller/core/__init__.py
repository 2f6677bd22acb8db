"""What should be in the cluster, as pure functions of what is there.

`judgement.py` finds the targets of each ApiBinding (`targets.py`) and settles conflicts.
`decision.py` makes a mesh plan of the accepted ones and renders it. `conditions.py` writes the
statuses, and `suggestions.py` names routes that nobody has bound.
"""
