"""Whom data goes to, what we link to, the record of processing (clauses X1, X2; GDPR Art. 30): open to everybody."""

from dataclasses import asdict
from typing import Any

from flask import Response

from nexoraz.privacy.domain import processing_record as record
from nexoraz.privacy.domain.transfers import LINKS, PROCESSORS
from nexoraz.privacy.projections.participants import announced_data_maps
from nexoraz.privacy.projections.statistics import request_totals
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.register_schemas import ProcessingRecord, Register, Statistics
from nexoraz.service.app import Blueprint


def register_blueprint(desk: Desk) -> Blueprint:
    """Open to everyone."""
    register = Blueprint("register", __name__, url_prefix="", description="Processors, links, record of processing")

    @register.route("/processors", methods=["GET"])
    @register.response(200, Register)
    def processors() -> dict[str, Any]:
        """Who processes data for us, where and under which safeguards; and the places of others that we link to."""
        return {"processors": [asdict(p) for p in PROCESSORS], "links": [asdict(link) for link in LINKS]}

    @register.route("/processing-record", methods=["GET"])
    @register.response(200, ProcessingRecord)
    def as_json() -> dict[str, Any]:
        """The record of processing, made from what every service declares that it holds."""
        return record.as_document(_activities(desk))

    @register.route("/processing-record.csv", methods=["GET"])
    @register.response(200, content_type="text/csv")
    def as_csv() -> Response:
        """The same as a table for spreadsheets."""
        return Response(record.as_csv(_activities(desk)), content_type="text/csv; charset=utf-8; header=present")

    @register.route("/processing-record.html", methods=["GET"])
    @register.response(200, content_type="text/html")
    def as_page() -> Response:
        """The same as a page, which loads nothing."""
        return Response(record.as_page(_activities(desk)), content_type="text/html; charset=utf-8")

    @register.route("/statistics", methods=["GET"])
    @register.response(200, Statistics)
    def statistics() -> dict[str, Any]:
        """Requests by year, type and state, with the median of days to their end; groups below ten are left out."""
        with desk.engine.connect() as connection:
            return {"items": request_totals(connection)}

    return register


def _activities(desk: Desk) -> list[record.Activity]:
    with desk.engine.connect() as connection:
        return record.activities(announced_data_maps(connection))
