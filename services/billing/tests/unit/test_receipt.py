"""The figures of a receipt, and that it is the same whenever it is asked for."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from nexoraz.billing.adapters.receipt_pdf import pdf_of
from nexoraz.billing.domain.receipt import GivenBack, Receipt
from services.billing.tests.drawn import texts_of
from services.billing.tests.examples import NOON, PURCHASE_ID

PACK = Receipt(PURCHASE_ID, "studio", 50, 1_990, "eur", NOON)
REFUND = GivenBack(NOON + timedelta(days=1), "own", "paid", 398)
CHARGEBACK = GivenBack(NOON + timedelta(days=2), "dispute", "started", 1_592)


def test_a_receipt_says_what_was_paid_and_invents_no_tax() -> None:
    assert dict(PACK.head()) == {
        "Receipt number": f"NX-{PURCHASE_ID.upper()}",
        "Paid on": "2026-01-15 12:00 UTC",
        "Seller": "Nexoraz, support@nexoraz.pro",
        "State": "Paid",
    }
    assert dict(PACK.sums()) == {"Net": "not computed", "Tax": "none computed", "Paid (gross)": "19.90 EUR"}
    assert (PACK.item, replace(PACK, sold="plan:pro").item) == ("Pack of credits: studio", "Monthly plan: pro")


def test_what_was_given_back_is_listed_and_taken_off() -> None:
    partly = replace(PACK, given_back=(REFUND,))
    assert partly.refunds() == [("2026-01-16 12:00 UTC", "Refund", "paid", "3.98 EUR")]
    assert partly.sums()[-2:] == (("Given back so far", "-3.98 EUR"), ("Remains paid", "15.92 EUR"))
    assert partly.state == "Paid, given back in part"
    whole = replace(PACK, given_back=(REFUND, CHARGEBACK))
    assert whole.refunds()[-1] == ("2026-01-17 12:00 UTC", "Chargeback", "under way", "15.92 EUR")
    assert (whole.sums()[-1], whole.state) == (("Remains paid", "0.00 EUR"), "Paid, given back in full")


def test_an_invoice_that_cost_nothing_was_not_given_back() -> None:
    assert replace(PACK, amount=0).state == "Paid"
    assert replace(PACK, review="held").state == "Paid, the credits wait for a review"


@pytest.mark.parametrize(
    ("cents", "said"), [(0, "0.00 EUR"), (7, "0.07 EUR"), (-5, "-0.05 EUR"), (-1_990, "-19.90 EUR")]
)
def test_money_keeps_its_cents_and_its_sign(cents: int, said: str) -> None:
    assert PACK.money(cents) == said


def test_every_figure_is_drawn() -> None:
    receipt = replace(PACK, given_back=(REFUND, CHARGEBACK))
    drawn = texts_of(pdf_of(receipt))
    rows = (*receipt.head(), *receipt.sums(), *receipt.refunds(), (receipt.item, "50", "19.90 EUR"))
    assert {text for row in rows for text in row} <= set(drawn)


def test_refunds_reach_over_pages_and_none_is_lost() -> None:
    many = tuple(replace(REFUND, at=NOON + timedelta(minutes=n), amount=1) for n in range(100))
    drawn = texts_of(pdf_of(replace(PACK, given_back=many)))
    assert drawn.count("0.01 EUR") == 100 and drawn.count("Given back on") > 2


def test_the_same_facts_give_the_same_bytes_and_the_date_of_payment_is_that_of_the_file() -> None:
    drawn = pdf_of(PACK)
    elsewhere = replace(PACK, paid_at=NOON.astimezone(timezone(timedelta(hours=2))))
    assert drawn == pdf_of(PACK) == pdf_of(elsewhere)
    assert b"/CreationDate (D:20260115120000Z)" in drawn
    assert drawn != pdf_of(replace(PACK, given_back=(REFUND,)))
