"""Logs: the standard logger; Lambda's JSON log format turns a record and its ``extra`` into one structured line.

Messages are constants, what varies goes into ``extra``; no payloads, no secrets. (Powertools' Logger would add 70 ms to
the start of every function, and ingestion has no room for it.)
"""

from __future__ import annotations

import logging

log = logging.getLogger("whimbrel")
log.setLevel(logging.INFO)
