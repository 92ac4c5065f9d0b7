"""`effaced` erasing the same rows from the same PostgreSQL: four tables of one person, as its users declare them."""

from effaced import (
    DatabaseAuditSink,
    ErasureExecutor,
    ErasurePlanner,
    Outbox,
    PiiCategory,
    bind_tables,
    collect_data_map,
    pii,
    resolve_subject_graph,
    subject_link,
)
from sqlalchemy import Engine, ForeignKey, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

TEXT = "what somebody wrote about a cup of coffee"


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "peer_people"
    __table_args__ = {"info": subject_link("")}  # noqa: RUF012 - SQLAlchemy's own way
    id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(info=pii(PiiCategory.CONTACT))


class Note(Base):
    __tablename__ = "peer_notes"
    __table_args__ = {"info": subject_link("person")}  # noqa: RUF012
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("peer_people.id"), index=True)
    title: Mapped[str] = mapped_column(info=pii(PiiCategory.COMMUNICATION))
    person: Mapped[Person] = relationship()


class Line(Base):
    __tablename__ = "peer_note_lines"
    __table_args__ = {"info": subject_link("person")}  # noqa: RUF012
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("peer_people.id"), index=True)
    words: Mapped[str] = mapped_column(info=pii(PiiCategory.COMMUNICATION))
    person: Mapped[Person] = relationship()


class Happening(Base):
    __tablename__ = "peer_happenings"
    __table_args__ = {"info": subject_link("person")}  # noqa: RUF012
    id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("peer_people.id"), index=True)
    data: Mapped[str] = mapped_column(info=pii(PiiCategory.COMMUNICATION))
    person: Mapped[Person] = relationship()


class Effaced:
    """The library with its audit trail and outbox on one database."""

    def __init__(self, engine: Engine) -> None:
        tables = bind_tables(Base.metadata)
        Base.metadata.create_all(engine)
        self._sessions = sessionmaker(engine)
        data_map = collect_data_map(Base.metadata)
        self._planner = ErasurePlanner(
            data_map,
            resolve_subject_graph(data_map, Base.registry),
            executor=ErasureExecutor(Base.metadata),
            outbox=Outbox(self._sessions, tables.outbox),
            audit_sink=DatabaseAuditSink(self._sessions, tables.audit_events),
        )

    def fill(self, person_id: str, rows_each: int) -> int:
        """A person with so many rows in each of the three tables below; how many rows there are."""
        with self._sessions() as session, session.begin():
            session.execute(insert(Person), [{"id": person_id, "email": f"{person_id}@example.org"}])
            for model, column in ((Note, "title"), (Line, "words"), (Happening, "data")):
                rows = [{"id": f"{person_id}-{n}", "person_id": person_id, column: TEXT} for n in range(rows_each)]
                session.execute(insert(model), rows)
        return 1 + 3 * rows_each

    def erase(self, person_id: str) -> None:
        with self._sessions() as session, session.begin():
            self._planner.erase_subject(session, person_id)
