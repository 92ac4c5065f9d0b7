"""Strategic merge of a patch into a Kubernetes object, as kustomize does it, for the lists that our patches touch.

Maps merge key by key, None deletes, a list with a merge key merges by it (the patch's items first, in the patch's
order), and any other list is replaced. Custom resources have no merge keys: their lists are replaced.
"""

from collections.abc import Mapping
from typing import Any

Node = dict[str, Any]

_MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
}
_ATOMIC = frozenset(
    {"accessModes", "command", "args", "volumeClaimTemplates", "requiredDuringSchedulingIgnoredDuringExecution"}
)


class UnknownList(ValueError):
    """A patch touches a list whose merging is not described here."""

    def __init__(self, path: str) -> None:
        super().__init__(f"no rule says how a patch merges the list {path}")
        self.path = path


def merge(target: Node, patch: Node, *, custom: bool, path: str = "") -> Node:
    """A new object: `target` with `patch` laid over it. `custom` is true for a custom resource."""
    merged = dict(target)
    for key, value in patch.items():
        where = f"{path}.{key}"
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value, custom=custom, path=where)
        elif isinstance(value, list) and not custom:
            merged[key] = _merge_list(merged.get(key, []), value, key, where)
        else:
            merged[key] = value
    return merged


def _merge_list(target: list[Any], patch: list[Any], key: str, path: str) -> list[Any]:
    if key in _ATOMIC:
        return list(patch)
    if key not in _MERGE_KEYS:
        raise UnknownList(path)
    identity = _MERGE_KEYS[key]
    there = {item[identity]: item for item in target}
    first = [merge(there.pop(item[identity], {}), item, custom=False, path=path) for item in patch]
    return first + list(there.values())
