"""What is for sale, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pack:
    """A number of credits at a price. amount: in the currency's minor unit (cents)."""

    id: str
    title: str
    credits: int
    amount: int
    currency: str


PACKS = {
    pack.id: pack
    for pack in (
        Pack("starter", "10 credits", 10, 490, "eur"),
        Pack("studio", "50 credits", 50, 1_990, "eur"),
        Pack("catalogue", "250 credits", 250, 7_900, "eur"),
    )
}
