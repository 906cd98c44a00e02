"""``whimbrel readings query`` and ``tail``: a sensor by its id, or by its device and key."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from cli import output
from cli.command import Run, command
from cli.ending import Code, Ending
from cli.output import Form
from cli.slots import moment

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
PAGE = 10_000
MOMENT = timedelta(milliseconds=1)

Sensor = Annotated[str | None, typer.Argument(metavar="SENSOR_ID", show_default=False)]
Device = Annotated[str | None, typer.Option("--device", metavar="ID", help="Instead of a sensor: whose it is.")]
Key = Annotated[str | None, typer.Option("--key", help="With --device: which of its sensors, by key or component/key.")]
Time = Annotated[datetime | None, typer.Option(parser=moment, metavar="TIME", help="Without a zone it is UTC.")]


@command
def query(
    run: Run,
    *,
    sensor_id: Sensor = None,
    device: Device = None,
    key: Key = None,
    from_: Annotated[
        datetime | None, typer.Option("--from", parser=moment, metavar="TIME", help="Without a zone it is UTC.")
    ] = None,
    to: Time = None,
    last: Annotated[str | None, typer.Option(metavar="DURATION", help="Instead of --from: 15m, 24h, 7d.")] = None,
    fn: Annotated[list[str] | None, typer.Option(help="What of each interval: avg, min, max, p95, …")] = None,
    interval: Annotated[str | None, typer.Option(metavar="DURATION", help="By interval: 10s, 15m, 1h, 1d.")] = None,
    tz: Annotated[str | None, typer.Option(help="Whose days, with --interval: Europe/Berlin.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many readings at most; else all there are.")] = None,
) -> None:
    """Print the readings of a sensor, or what they amount to by interval.

    `whimbrel readings query --device ID --key temperature --last 24h --fn avg --fn max --interval 1h`
    """
    if fn and not interval:
        raise Ending(Code.USAGE, "--fn is of each --interval: give one, such as --interval 1h.")
    if last:
        to = to or datetime.now(UTC)
        from_ = to - duration(last)
    sensor = sensor_id or sensor_of(run, device, key)
    window = {"from_": from_, "to": to}
    if interval:
        if from_ is None:
            raise Ending(Code.USAGE, "--interval needs --from or --last.")
        from cli.client.api.readings import get_sensor_aggregates

        options: dict[str, Any] = {"interval": interval, "fn": fn, "tz": tz}
        given = {name: value for name, value in options.items() if value}
        window["to"] = to or datetime.now(UTC)
        run.show(run.session.call(get_sensor_aggregates._get_kwargs(sensor, **window, **given)))
        return
    run.show_pages(_points(run, sensor, limit, **{name: value for name, value in window.items() if value}))


def _points(run: Run, sensor: str, limit: int | None, **window: Any) -> Iterator[Any]:
    """Yield pages of a sensor's readings, *limit* at most; no cursor is left for whoever wanted no more."""
    from cli.client.api.readings import get_sensor_readings

    left = limit
    for page in run.session.pages(get_sensor_readings._get_kwargs(sensor, limit=min(limit or PAGE, PAGE), **window)):
        yield page | {"points": page["points"][:left], "nextCursor": None}
        if left is not None and (left := left - len(page["points"])) <= 0:
            return


def duration(text: str) -> timedelta:
    """Read ``15m``.

    Raises:
        Ending: it is none.
    """
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if not match:
        raise Ending(Code.USAGE, f"{text} is no duration: write 30s, 15m, 24h, 7d or 2w.")
    return timedelta(seconds=int(match[1]) * SECONDS[match[2]])


def sensor_of(run: Run, device: str | None, key: str | None) -> str:
    """Return the id of a device's sensor.

    Raises:
        Ending: there is none, or not only one.
    """
    from cli.client.api.components import get_component
    from cli.client.api.sensors import list_sensors

    if not device or not key:
        raise Ending(Code.USAGE, "Say which sensor: SENSOR_ID, or --device ID --key KEY.")
    component, _, own_key = key.rpartition("/")
    pages = run.session.pages(list_sensors._get_kwargs(device_id=device, limit=200))
    found = [sensor for page in pages for sensor in page["items"] if sensor["key"] == own_key]
    if component:
        components = {
            each: run.session.call(get_component._get_kwargs(each))["key"]
            for each in {sensor["componentId"] for sensor in found}
        }
        found = [sensor for sensor in found if components[sensor["componentId"]] == component]
    if len(found) != 1:
        count = "no" if not found else "more than one"
        raise Ending(Code.NOT_FOUND, f"The device {device} has {count} sensor {key}.")
    return found[0]["id"]


@command
def tail(
    run: Run,
    *,
    sensor_id: Sensor = None,
    device: Device = None,
    key: Key = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 2,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many; else at Ctrl-C.")] = None,
) -> None:
    """Print readings as they come: those newer than the newest before."""
    from cli.client.api.readings import get_latest_readings

    if device and not key and not sensor_id:
        watched: dict[str, Any] = {"device_id": device}
    else:
        watched = {"sensor_ids": [sensor_id or sensor_of(run, device, key)]}
    request = get_latest_readings._get_kwargs(**watched)
    seen = {each["sensorId"]: moment(each["timestamp"]) for each in run.session.call(request)["items"]}
    left = count
    if run.form is Form.CSV:
        output.write("timestamp,key,value")
    while True:
        for reading in sorted(_newer(run, request, seen), key=lambda each: each["timestamp"])[:left]:
            _print(run.form, reading)
            left = left and left - 1
        if left == 0:
            return
        time.sleep(every)


def _newer(run: Run, request: dict[str, Any], seen: dict[str, datetime]) -> Iterator[dict[str, Any]]:
    """Yield readings newer than those *seen* of their sensor, which are moved on."""
    for each in run.session.call(request)["items"]:
        until, since = moment(each["timestamp"]), seen.get(each["sensorId"])
        if since is not None and until <= since:
            continue
        window = {"to": until + MOMENT} | ({"from_": since + MOMENT} if since else {})
        for page in _points(run, each["sensorId"], None, **window):
            for point in page["points"]:
                yield {"timestamp": point["timestamp"], "key": each["key"], "value": point["value"]}
        seen[each["sensorId"]] = until


def _print(form: Form, reading: dict[str, Any]) -> None:
    if form in {Form.JSON, Form.NDJSON}:
        output.write(output.line(reading))
    else:
        cells = [output.cell(value) for value in reading.values()]
        output.write(",".join(cells) if form is Form.CSV else "  ".join(cells))
