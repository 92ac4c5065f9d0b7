"""Which engine renders: our own processes, or one that is installed beside us and names itself by an entry point.

An installed distribution offers one by `[project.entry-points."nexoraz.render.engines"]`: a name, and something that is
called with the number of renders at the same time and the folder of models, and gives an Engine. It has to pass
`services/render/tests/engine_contract.py`.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

from nexoraz.render.adapters.engine_processes import EngineProcesses
from nexoraz.render.application.ports import Engine
from nexoraz.service.settings import SettingsInvalid

GROUP, OWN = "nexoraz.render.engines", "processes"
MakeEngine = Callable[[int, Path | None], Engine]


def engine_named(name: str, count: int, model_dir: Path | None) -> Engine:
    """Raises SettingsInvalid for a name that nothing installed has."""
    if name == OWN:
        return EngineProcesses(count, model_dir)
    for found in entry_points(group=GROUP, name=name):
        make: MakeEngine = found.load()
        return make(count, model_dir)
    known = sorted({OWN, *entry_points(group=GROUP).names})
    raise SettingsInvalid((f"NEXORAZ_ENGINE is {name!r}, and there are {', '.join(known)}",))
