"""``whimbrel devices register``: from a name to a device that can connect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.calls import Raw
from cli.command import Run, command


@command
def register(
    run: Run,
    *,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    device_profile_id: Annotated[str | None, typer.Option(help="One version of a device profile.")] = None,
    site_id: Annotated[str | None, typer.Option(help="Where it stands.")] = None,
    tags: Annotated[list[str] | None, typer.Option(help="May be given repeatedly.")] = None,
    ttl_seconds: Annotated[int | None, typer.Option(help="How long the token is good.")] = None,
    provision: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Be the device, too: make its key there, and get the certificate."),
    ] = None,
) -> None:
    """Register a device: get the one-time token that it exchanges for a certificate.

    With `--provision DIR` the exchange is done here: DIR then has the key, the certificate, the chain to verify the
    broker by, and `mqtt.json` with the broker and the topics.
    """
    from cli.equipment import Equipment

    equipment = Equipment(provision) if provision else None
    if equipment:
        equipment.prepare()
    options = {"deviceProfileId": device_profile_id, "siteId": site_id, "tags": tags, "ttlSeconds": ttl_seconds}
    token = issue(run, name, **{field: value for field, value in options.items() if value})
    if equipment is None:
        run.show(token)
        if run.for_people:
            output.say("The token is shown this once.")
        return
    provisioned = equipment.provision(run.session.bare, token["provisionEndpoint"], token["token"])
    run.show({"deviceName": name, "folder": str(equipment.folder), **provisioned})


def issue(run: Run, name: str, **options: Any) -> dict[str, Any]:
    """Return a registration token for a new device."""
    from cli.client.api.provisioning import create_registration_token

    body: Any = Raw({"deviceName": name, **options})
    return run.session.call(create_registration_token._get_kwargs(body=body))
