"""Draws a receipt as PDF, on A4, in a font that every reader has. The same receipt gives the same bytes."""

from datetime import UTC
from typing import TYPE_CHECKING

from nexoraz.billing.domain.receipt import NOTES, SELLER, Receipt

if TYPE_CHECKING:
    from fpdf import FPDF

MARGIN, LABEL, LINE = 22, 42, 7
"""In millimetres, like every length here."""
SOLD_COLUMNS, REFUND_COLUMNS = (96, 30, 40), (46, 50, 30, 40)
RIGHT, LEFT = "RIGHT", "LEFT"
GREY, BLACK, LINES = 100, 20, 170


def pdf_of(receipt: Receipt) -> bytes:
    from fpdf import FPDF  # noqa: PLC0415 - 40 MB of memory, for processes that draw a receipt only

    pdf = FPDF(format="A4")
    pdf.set_creation_date(receipt.paid_at.astimezone(UTC))
    pdf.set_title(f"Receipt {receipt.number}")
    pdf.set_author(SELLER)
    pdf.set_lang("en")
    pdf.set_margins(MARGIN, MARGIN)
    pdf.set_auto_page_break(auto=True, margin=MARGIN)
    pdf.set_draw_color(LINES)
    pdf.add_page()
    _head(pdf, receipt)
    sold = (receipt.item, str(receipt.credits), receipt.money(receipt.amount))
    _table(pdf, SOLD_COLUMNS, [("Bought", "Credits", "Amount"), sold], (LEFT, RIGHT, RIGHT))
    if receipt.given_back:
        _table(pdf, REFUND_COLUMNS, [("Given back on", "How", "State", "Amount"), *receipt.refunds()],
               (LEFT, LEFT, LEFT, RIGHT))  # fmt: skip
    _sums(pdf, receipt)
    _notes(pdf)
    return bytes(pdf.output())


def _write(pdf: "FPDF", size: float, style: str = "", grey: int = BLACK) -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.set_text_color(grey)


def _head(pdf: "FPDF", receipt: Receipt) -> None:
    _write(pdf, 22, "B")
    pdf.cell(pdf.epw, 12, "Receipt", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(4)
    for label, value in receipt.head():
        _write(pdf, 10, grey=GREY)
        pdf.cell(LABEL, LINE, label)
        _write(pdf, 10)
        pdf.cell(pdf.epw - LABEL, LINE, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(8)


def _table(pdf: "FPDF", widths: tuple[int, ...], rows: list[tuple[str, ...]], aligned: tuple[str, ...]) -> None:
    """The first row is the heading, and stands on every page that the table reaches."""
    from fpdf import FontFace  # noqa: PLC0415

    _write(pdf, 10)
    heading = FontFace(emphasis="BOLD", color=BLACK)
    with pdf.table(
        col_widths=widths,
        width=sum(widths),
        text_align=aligned,
        borders_layout="HORIZONTAL_LINES",
        headings_style=heading,
        line_height=LINE,
    ) as table:
        for row in rows:
            table.row(row)
    pdf.ln(8)


def _sums(pdf: "FPDF", receipt: Receipt) -> None:
    """Together on one page."""
    sums = receipt.sums()
    if pdf.will_page_break(LINE * len(sums)):
        pdf.add_page()
    for label, value in sums:
        _write(pdf, 10, "B" if label.startswith("Paid") else "")
        pdf.cell(pdf.epw - SOLD_COLUMNS[-1], LINE, label, align="R")
        pdf.cell(SOLD_COLUMNS[-1], LINE, value, align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(10)


def _notes(pdf: "FPDF") -> None:
    _write(pdf, 8.5, grey=GREY)
    for note in NOTES:
        pdf.multi_cell(pdf.epw, 4.5, note, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(1)
