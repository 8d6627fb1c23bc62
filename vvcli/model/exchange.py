"""Copies of modules in which some parts are others."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def exchange(module: Module, children: Mapping[str, nn.Module]) -> Module:
    """A copy of `module` with these `children` in the place of its own; `module` stays as it is.

    Everything else, parameters and buffers among it, is shared.
    """
    changed = copy.copy(module)
    changed._modules = {**module._modules, **children}
    return changed
