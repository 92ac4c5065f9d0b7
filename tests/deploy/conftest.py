"""Both overlays, rendered once."""

import pytest

from .kustomize import render
from .overlays import OVERLAYS, Objects


@pytest.fixture(scope="session")
def production() -> Objects:
    return render(OVERLAYS["production"])


@pytest.fixture(scope="session")
def local_cluster() -> Objects:
    return render(OVERLAYS["local-cluster"])


@pytest.fixture(scope="session", params=list(OVERLAYS))
def objects(request: pytest.FixtureRequest) -> Objects:
    return render(OVERLAYS[request.param])
