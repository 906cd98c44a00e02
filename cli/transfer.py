"""Files in and out: ``readings import``, and what ``exports create --wait`` does after the export is begun."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.calls import Extension, Raw
from cli.command import Run, command
from cli.ending import Code, Ending
from cli.session import reaching

READINGS_A_CALL = 5_000
LINES = {".ndjson", ".jsonl"}
FORMATS = {".csv": "CSV", ".parquet": "PARQUET"}
WAITS_S = (0.2, 0.5, 1, 2, 5)
WORKING = {"WAITING", "PENDING", "RUNNING"}


def job_waiting() -> Extension:
    """Return what commands do beyond their operation whose answer is a job."""

    def follow(run: Run, answer: Any, *, wait: bool) -> None:
        if not wait or answer is None:
            run.show(answer)
            return
        from cli.client.api.jobs import get_job

        done = finished(run, answer, lambda: get_job._get_kwargs(answer["id"]), "working")
        run.show(done)
        if done["status"] != "SUCCEEDED":
            raise Ending(Code.REFUSED, f"Not everything was done: {done['status']}.")

    def declared(*, wait: Annotated[bool, typer.Option("--wait", help="Wait for the job.")] = False) -> None: ...

    return Extension(list(inspect.signature(declared, eval_str=True).parameters.values()), follow)


def export_waiting() -> Extension:
    """Return what ``exports create`` does beyond its operation."""

    def follow(run: Run, answer: Any, *, wait: bool, output_file: Path | None) -> None:
        if not wait and output_file is None:
            run.show(answer)
            return
        from cli.client.api.exports import get_export

        target = output_file or Path(f"export-{answer['id']}.zip")
        done = finished(run, answer, lambda: get_export._get_kwargs(answer["id"]), "exporting")
        if done["status"] != "READY":
            raise Ending(Code.REFUSED, f"The export {done['id']} ended as {done['status']}: {done.get('error', '')}")
        download(run, done["downloadUrl"], target, done["sizeBytes"])
        run.show({name: value for name, value in done.items() if name != "downloadUrl"} | {"file": str(target)})

    def declared(
        *,
        wait: Annotated[bool, typer.Option("--wait", help="Wait until it is ready, and download it.")] = False,
        output_file: Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", metavar="FILE", help="Where to download it to, with --wait.", show_default=False
            ),
        ] = None,
    ) -> None: ...

    return Extension(list(inspect.signature(declared, eval_str=True).parameters.values()), follow)


@command
def import_readings(
    run: Run,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)],
    device_id: Annotated[str | None, typer.Option(help="Whose readings they are, where the file does not say.")] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="JSON", help='What the file calls our columns: {"timestamp": "time"}.')
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all is taken in, and tell what was not.")] = False,
) -> None:
    """Import readings from a file: CSV, Parquet, or NDJSON by its name's ending.

    CSV and Parquet are uploaded, and taken in by a job. NDJSON has a reading a line, as `whimbrel readings ingest`
    takes them, and is sent in calls of 5,000. To import a file again is harmless: a reading is known by its sensor
    and its time.
    """
    ending = file.suffix.lower()
    if ending in LINES:
        run.show(send_lines(run, file, device_id))
        return
    if ending not in FORMATS:
        raise Ending(Code.USAGE, f"{file.name} should end in {', '.join([*FORMATS, *sorted(LINES)])}.")
    from cli.client.api.imports import create_import, get_import, start_import
    from cli.slots import json_value

    body: Any = Raw({"format": FORMATS[ending]})
    body |= {"deviceId": device_id} if device_id else {}
    body |= {"columns": json_value(columns)} if columns else {}
    created = run.session.call(create_import._get_kwargs(body=body))
    upload(run, created["upload"], file)
    started = run.session.call(start_import._get_kwargs(created["id"]))
    if not wait:
        run.show(started)
        return
    done = finished(run, started, lambda: get_import._get_kwargs(created["id"]), "importing")
    run.show(done)
    if done["status"] != "SUCCEEDED":
        raise Ending(Code.REFUSED, f"Not everything was taken in: {done['status']}. errorsUrl has the rows.")


def send_lines(run: Run, file: Path, device_id: str | None) -> dict[str, Any]:
    """Send the readings of *file*, a line each, and return what became of them.

    Raises:
        Ending: a line is no JSON, or the API refused a call; those before are stored.
    """
    from cli.client.api.readings import ingest_readings

    total: dict[str, Any] = {"accepted": 0, "quarantined": 0, "errors": []}
    with file.open(encoding="utf-8") as text:
        found = _readings(text, file, device_id)
        while batch := list(islice(found, READINGS_A_CALL)):
            sent = total["accepted"] + total["quarantined"]
            body: Any = [Raw(reading) for reading in batch]
            answer = run.session.call(ingest_readings._get_kwargs(body=body))
            total["errors"] += [error | {"index": error["index"] + sent} for error in answer["errors"]]
            total["accepted"] += answer["accepted"]
            total["quarantined"] += answer["quarantined"]
    return total


def _readings(lines: Iterator[str], file: Path, device_id: str | None) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            reading = json.loads(line)
            yield ({"deviceId": device_id} if device_id else {}) | reading
        except (ValueError, TypeError):
            raise Ending(Code.USAGE, f"{file}, line {number}: this is no JSON object.") from None


def upload(run: Run, to: dict[str, Any], file: Path) -> None:
    """Upload *file* by the signed form *to*.

    Raises:
        Ending: it is too large, or the store refused.
    """
    if file.stat().st_size > to["maxBytes"]:
        raise Ending(Code.USAGE, f"{file} has more than {to['maxBytes']:,} bytes: cut it into several.")
    with file.open("rb") as content, reaching(to["url"].partition("?")[0]):
        answer = run.session.bare.post(to["url"], data=to["fields"], files={"file": content})
    if not answer.is_success:
        raise Ending(Code.REFUSED, f"The upload was refused with {answer.status_code}.")


def finished(run: Run, answer: Any, request: Callable[[], dict[str, Any]], what: str) -> Any:
    """Return the answer to *request* once its work has ended, with a bar for whoever looks."""
    waits = iter(WAITS_S)
    wait = next(waits)
    with bar(what, 100) as advance:
        while answer["status"] in WORKING:
            time.sleep(wait)
            wait = next(waits, wait)
            answer = run.session.call(request())
            advance(answer.get("progress") or 0)
    return answer


def download(run: Run, url: str, target: Path, size: int) -> None:
    """Download *url* into *target*, which is there only when all of it is.

    Raises:
        Ending: it has not *size* bytes, or is not to be had.
    """
    part = target.with_name(target.name + ".part")
    host = url.partition("?")[0]
    with reaching(host), run.session.bare.stream("GET", url) as answer, bar("downloading", size) as advance:
        if not answer.is_success:
            raise Ending(Code.UNAVAILABLE, f"The download was refused with {answer.status_code}.")
        with part.open("wb") as file:
            for chunk in answer.iter_bytes():
                file.write(chunk)
                advance(file.tell())
    if part.stat().st_size != size:
        raise Ending(Code.UNAVAILABLE, f"{part.stat().st_size:,} bytes came, and not {size:,}: try again.")
    part.replace(target)


@contextmanager
def bar(what: str, total: int) -> Generator[Callable[[int], None]]:
    """Show a bar on stderr, if that is a terminal; what it yields sets how far it is."""
    screen = output.console(stderr=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress

    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)
