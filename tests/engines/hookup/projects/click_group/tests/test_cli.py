from click.testing import CliRunner

from pocket.cli import cli


def test_count_counts_words():
    assert CliRunner().invoke(cli, ["count", "a b c"]).output == "3\n"
