"""What each stage does with the tables it is handed: thin bridges from the pipeline to the parts that do the work.

workshop    what a stage works with
records     ingest, and its gate
persons     identify, link, resolve, relink
residence   stays, events, estimate, flows, and the gate of the accounts
"""

from register.stages.persons import identify, link, relink, resolve
from register.stages.records import check_rejected_share, fingerprint_extracts, ingest
from register.stages.residence import check_account, estimate, events, flows, stays
from register.stages.workshop import Workshop

__all__ = [
    "Workshop",
    "check_account",
    "check_rejected_share",
    "estimate",
    "events",
    "fingerprint_extracts",
    "flows",
    "identify",
    "ingest",
    "link",
    "relink",
    "resolve",
    "stays",
]
