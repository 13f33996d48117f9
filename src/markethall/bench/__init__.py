"""`markethall bench`: how fast a shop is, what it takes for it, and whether all was right meanwhile.

A case is a workload with its settings. Rounds of all cases alternate, so that what the machine does in between
strikes all alike. A round is: load for some seconds, wait until nothing is under way, audit. A round in which
anything was broken has no figure.

load/       who makes the load, and what of it was seen from outside
workloads/  what buyers do
"""
