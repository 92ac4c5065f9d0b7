"""Statements that are compiled once, and the connections on which most requests ask."""

import threading

import psycopg
import pytest
from sqlalchemy import Column, Engine, MetaData, Table, Text, bindparam, insert, select

from nexoraz.events.prepared import Prepared
from nexoraz.events.questions import CONNECTIONS, Questions

pytestmark = pytest.mark.real
WORDS = Table("words", MetaData(), Column("word", Text, primary_key=True), Column("meaning", Text))
ADD = Prepared(insert(WORDS), ["word", "meaning"])
MEANING = Prepared(select(WORDS.c.meaning).where(WORDS.c.word == bindparam("word")))


@pytest.fixture
def dictionary(kernel_database: Engine) -> Engine:
    with kernel_database.begin() as connection:
        WORDS.create(connection)
        ADD.run(connection, word="cup", meaning="100 % of a mug")
    return kernel_database


def test_a_prepared_statement_belongs_to_the_transaction(dictionary: Engine) -> None:
    with dictionary.connect() as connection, connection.begin() as undone:
        ADD.run(connection, word="saucer", meaning="what is below")
        assert MEANING.first(connection, word="saucer") == ("what is below",)
        undone.rollback()
    with dictionary.connect() as connection:
        assert MEANING.first(connection, word="cup") == ("100 % of a mug",)
        assert MEANING.first(connection, word="saucer") is None


def test_its_errors_quote_no_value(dictionary: Engine) -> None:
    with dictionary.connect() as connection, pytest.raises(psycopg.errors.UniqueViolation) as refused:
        ADD.run(connection, word="cup", meaning="another")
    assert str(refused.value) == "UniqueViolation 23505"


def test_questions_begin_no_transaction_and_see_what_was_committed_since(dictionary: Engine) -> None:
    questions = Questions(dictionary)
    with questions.connection() as connection:
        assert MEANING.first(connection, word="plate") is None
        with dictionary.begin() as other:
            ADD.run(other, word="plate", meaning="flat")
        assert MEANING.first(connection, word="plate") == ("flat",)
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_questions_are_answered_again_after_the_server_hung_up(dictionary: Engine) -> None:
    questions = Questions(dictionary)
    for _ in range(CONNECTIONS + 1):
        with questions.connection() as connection:
            pid = connection.info.backend_pid
        with dictionary.begin() as other:
            other.exec_driver_sql("SELECT pg_terminate_backend(%s, 1000)", (pid,))
        with questions.connection() as connection:
            assert MEANING.first(connection, word="cup") == ("100 % of a mug",)


def test_a_failed_question_takes_no_connection_away(dictionary: Engine) -> None:
    questions = Questions(dictionary)
    for _ in range(CONNECTIONS * 2):
        with pytest.raises(psycopg.errors.UndefinedTable), questions.connection() as connection:
            connection.execute("SELECT * FROM nowhere")
    with questions.connection() as connection:
        assert MEANING.first(connection, word="cup") == ("100 % of a mug",)


def test_more_callers_than_connections_are_all_answered(dictionary: Engine) -> None:
    questions, answers = Questions(dictionary), []

    def ask() -> None:
        for _ in range(20):
            with questions.connection() as connection:
                answers.append(MEANING.first(connection, word="cup"))

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS * 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == CONNECTIONS * 4 * 20
    assert set(answers) == {("100 % of a mug",)}
