"""ConfigMaps that a kustomization generates: their content, and the name that their content gives them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Node = dict[str, Any]

# kustomize's alphabet: no digits or letters that could spell a word.
_ALPHABET = str.maketrans("013ae", "ghkmt")


class ConfigMaps:
    """Those generated in one rendering, by name; names are unique over all layers."""

    def __init__(self) -> None:
        self._generated: dict[str, Node] = {}

    def generate(self, entry: Node, folder: Path, objects: list[Node]) -> None:
        """Add `entry`'s ConfigMap to `objects`, or merge it into the one that a lower layer generated."""
        name, data = entry["name"], _content(entry, folder)
        if entry.get("behavior") == "merge":
            self._generated[name]["data"].update(data)
            return
        if name in self._generated:
            raise ValueError(f"two layers create the ConfigMap {name}")
        made: Node = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        self._generated[name] = made
        objects.append(made)

    def name_by_content(self, objects: list[Node]) -> None:
        """Give every generated ConfigMap its hashed name, and every reference to it in `objects` as well."""
        renamed = {name: f"{name}-{_digest(each)}" for name, each in self._generated.items()}
        for name, each in self._generated.items():
            each["metadata"]["name"] = renamed[name]
        for reference in _references(objects):
            reference["name"] = renamed.get(reference["name"], reference["name"])


def _content(entry: Node, folder: Path) -> dict[str, str]:
    literals = dict(each.split("=", 1) for each in entry.get("literals", []))
    files = {name: (folder / name).read_text(encoding="utf-8") for name in entry.get("files", [])}
    return literals | files


def _digest(each: Node) -> str:
    """kustomize's suffix: ten characters of the SHA-256 of the map's JSON as Go writes it, with an empty name."""
    content = {"data": each["data"], "kind": "ConfigMap", "name": ""}
    text = json.dumps(content, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(text.encode()).hexdigest()[:10].translate(_ALPHABET)


def _references(node: Any) -> Iterator[Node]:
    """Every mapping of `node` that names a ConfigMap."""
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in {"configMapRef", "configMapKeyRef", "configMap"}:
                yield value
            else:
                yield from _references(value)
