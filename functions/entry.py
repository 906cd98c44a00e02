"""The entry of every HTTP Lambda: ``functions.entry.<name>`` answers for the folders of that catalogue line."""

from __future__ import annotations

from importlib import import_module

from functions.catalogue import HTTP_FUNCTIONS
from whimbrel.http.resource import Api


def __getattr__(name: str) -> Api:
    """Return the handler of the function *name* (PEP 562: Lambda asks this module for it by that name)."""
    for function in HTTP_FUNCTIONS:
        if function.name == name:
            api = Api(*(import_module(f"functions.{folder}.routes").resource for folder in function.folders))
            globals()[name] = api
            return api
    raise AttributeError(name)
