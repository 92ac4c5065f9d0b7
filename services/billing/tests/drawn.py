"""Reads the text of a PDF that billing drew: one text per cell, in the order in which they were drawn."""

import re
import zlib

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
SHOWN = re.compile(rb"\(((?:\\.|[^\\()])*)\) Tj")


def texts_of(pdf: bytes) -> list[str]:
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    pages = b"\n".join(zlib.decompress(stream) for stream in STREAM.findall(pdf))
    return [re.sub(rb"\\(.)", rb"\1", text).decode("latin-1") for text in SHOWN.findall(pages)]
