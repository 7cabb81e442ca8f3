import pytest

from pocket.cli import main


@pytest.fixture
def pocket(tmp_path, capsys):
    def run(*argv):
        code = main(["--file", str(tmp_path / "pocket.csv"), *argv])
        return code, capsys.readouterr()

    return run


def test_an_entry_that_was_added_is_listed(pocket):
    assert pocket("add", "3.20", "Groceries", "bread", "--day", "2024-05-03")[0] == 0
    code, printed = pocket("list")
    assert code == 0
    assert printed.out == "2024-05-03      3.20 groceries    bread\n"


def test_the_balance_adds_categories_up(pocket):
    pocket("add", "3.20", "groceries", "--day", "2024-05-03")
    pocket("add", "1.80", "groceries", "--day", "2024-05-04")
    pocket("add", "2.80", "travel", "--day", "2024-06-01")
    assert pocket("balance")[1].out.splitlines() == ["groceries  5.00", "travel     2.80", "total      7.80"]
    assert pocket("balance", "--by", "month")[1].out.splitlines()[0] == "2024-05  5.00"


def test_a_statement_of_the_bank_is_imported(pocket, tmp_path):
    statement = tmp_path / "bank.csv"
    statement.write_text("Datum;Betrag;Verwendungszweck\n31.05.2024;-12,50;Cinema\n")
    assert pocket("import", str(statement), "--category", "fun")[1].out == "1 entries added\n"
    assert "12.50 fun" in pocket("list")[1].out


def test_a_wrong_amount_is_said_in_one_line(pocket):
    code, printed = pocket("add", "much", "fun")
    assert code == 1
    assert printed.err == "pocket: 'much' is not an amount of money\n"
