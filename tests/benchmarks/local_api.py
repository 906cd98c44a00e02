"""Requests a second and their times against a running local platform: ``python -m tests.benchmarks.local_api``.

Loopback only, a bounded number of requests, one client and then four. The first organization gets a device for it.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from infra.local.settings import LocalSettings

REQUESTS = 300


def main() -> None:
    """Print a line for each operation and number of clients."""
    credentials = json.loads((LocalSettings.from_environment().state_dir / "credentials.json").read_text())
    http = urllib3.PoolManager(maxsize=8)
    headers = {"Authorization": f"Bearer {credentials['apiKey']}", "Content-Type": "application/json"}

    def call(method: str, path: str, body: object = None) -> Any:
        data = json.dumps(body) if body is not None else None
        answer = http.request(method, f"{credentials['apiUrl']}/v1{path}", headers=headers, body=data)
        assert answer.status < 300, answer.data
        return answer.json()

    device = call("POST", "/devices", {"name": "Benchmark"})["id"]
    batch = [{"deviceId": device, "sensorId": f"s{n % 10}", "value": n} for n in range(100)]
    operations: dict[str, Callable[[], Any]] = {
        "GET one device": lambda: call("GET", f"/devices/{device}"),
        "POST a site": lambda: call("POST", "/sites", {"name": "Benchmark"}),
        "POST 1 reading": lambda: call("POST", "/readings", batch[:1]),
        "POST 100 readings": lambda: call("POST", "/readings", batch),
        "GET latest": lambda: call("GET", f"/readings/latest?deviceId={device}"),
    }
    print(f"{'operation':<20}{'clients':>8}{'req/s':>8}{'p50 ms':>8}{'p95 ms':>8}")
    for name, operation in operations.items():
        operation()
        for clients in (1, 4):
            times: list[float] = []

            def timed(_: int, operation: Callable[[], Any] = operation, times: list[float] = times) -> None:
                began = time.perf_counter()
                operation()
                times.append((time.perf_counter() - began) * 1000)

            began = time.perf_counter()
            with ThreadPoolExecutor(clients) as pool:
                list(pool.map(timed, range(REQUESTS)))
            rate = REQUESTS / (time.perf_counter() - began)
            p95 = statistics.quantiles(times, n=20)[-1]
            print(f"{name:<20}{clients:>8}{rate:>8.0f}{statistics.median(times):>8.1f}{p95:>8.1f}")


if __name__ == "__main__":
    main()
