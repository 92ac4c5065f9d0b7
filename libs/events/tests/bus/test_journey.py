"""From a commit in one service to a committed effect in another."""

from nexoraz.local.testing.real import RealNats

from .shop import Shop, eventually


def test_a_published_fact_becomes_one_effect_in_order(assets: Shop, render: Shop) -> None:
    with assets.running(), render.running():
        for _ in range(10):
            for account in ("ada", "bob", "cy"):
                assets.note()
                assets.place(account, 5)
        eventually(lambda: len(render.seen()) == 150)
    by_account = {a: [n for who, n in render.seen() if who == a] for a in ("ada", "bob", "cy")}
    assert by_account == {a: list(range(1, 51)) for a in ("ada", "bob", "cy")}


def test_a_worker_waits_for_nats_and_goes_on_when_it_is_back(assets: Shop, render: Shop, nats: RealNats) -> None:
    nats.stop()
    with assets.running(), render.running():
        assets.place("ada", 3)
        nats.start()
        eventually(lambda: len(render.seen()) == 3)
        nats.stop()
        assets.place("ada", 3)
        nats.start()
        eventually(lambda: len(render.seen()) == 6)
    assert render.seen() == [("ada", n) for n in range(1, 7)]
