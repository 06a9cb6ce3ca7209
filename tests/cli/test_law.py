"""What the rule book alone says at a command line: explain, search, tariff check and preview."""

import re
from pathlib import Path

import pytest

from plateapi.cli import law, places
from plateapi.cli.law import tenge
from plateapi.settings import Settings
from tests.cli.commands import ROOT, plates, plates_process
from tests.lasting_law import PATTERNS

TARIFF = ROOT / "patterns" / "kz" / "tariffs" / "kz-2026.toml"
DAY = "2026-07-01"


def next_year(tmp_path: Path, *, mci: str = "20") -> Path:
    """The tariff of the day after, in which mirror digits cost another number of MCI."""
    text = TARIFF.read_text("utf-8").replace('id = "kz-2026"', 'id = "kz-test"', 1)
    text = text.replace("in_force_from = 2026-01-01", "in_force_from = 2026-12-01", 1)
    text = re.sub(r'(\[\[tier\]\]\nid = "mirror"\nmci = )"15"', rf'\1"{mci}"', text)
    path = tmp_path / "kz-test.toml"
    path.write_text(text, "utf-8")
    return path


def test_explain_gives_one_certificate_a_line_in_order(tmp_path: Path) -> None:
    """The two marks of the README, with every key that is promised, and integer tiyn."""
    ran = plates_process("explain", "777AAA02", "001QQQ16", "--json", "--on", DAY, data_dir=tmp_path)
    assert ran.code == 0
    assert [line["mark"] for line in ran.lines] == ["777AAA02", "001QQQ16"]
    for line in ran.lines:
        assert line["format"] == "person_car"
        assert isinstance(line["tags"], list)
        assert line["withheld"] is False
        assert [rule["won"] for rule in line["rules"] if rule["won"]] == [True]
        assert {"id", "matched", "won", "clause"} <= line["rules"][0].keys()
        assert line["price"] == {
            "mci": "285",
            "mci_value_tenge": 4325,
            "amount_tiyn": 285 * 4325 * 100,
            "currency": "KZT",
        }
    assert [line["region"] for line in ran.lines] == ["02", "16"]


@pytest.mark.parametrize(
    ("typed", "mark"),
    [
        ("777 aaa 02", "777AAA02"),
        ("777ААА02", "777AAA02"),
        ("kz 001-qqq-16", "001QQQ16"),
        ("123ab01", "123AB01"),
    ],
)
def test_explain_reads_what_people_type(tmp_path: Path, typed: str, mark: str) -> None:
    """Lower case, Cyrillic look-alikes, blanks, dashes and a leading KZ; a legal entity's mark too."""
    assert plates("explain", typed, "--json", data_dir=tmp_path).line["mark"] == mark


def test_a_mark_that_is_none_is_a_problem_on_its_line(tmp_path: Path) -> None:
    """The others are explained all the same, and the exit code says that one was not."""
    ran = plates_process("explain", "777AAA02", "nonsense", "001QQQ16", "--json", data_dir=tmp_path)
    assert ran.code == 2
    good, bad, last = ran.lines
    assert [good["mark"], last["mark"]] == ["777AAA02", "001QQQ16"]
    assert bad["type"] == "urn:plates:problem:mark_unparseable"
    assert bad["detail"]
    assert "nonsense" not in str(bad)


def test_a_day_without_a_price_says_so(tmp_path: Path) -> None:
    """The mark is named, the price is null, the reason stands beside it; 2 stays the code of bad marks."""
    ran = plates("explain", "777AAA02", "--on", "2024-05-01", "--json", data_dir=tmp_path)
    assert ran.code == 3
    assert ran.line["price"] is None
    assert ran.line["mark"] == "777AAA02"
    assert ran.line["type"] == "urn:plates:problem:no_tariff_in_force"
    mixed = plates("explain", "777AAA02", "?", "--on", "2024-05-01", "--json", data_dir=tmp_path)
    assert mixed.code == 2


def test_a_year_whose_index_is_unknown_says_so(tmp_path: Path) -> None:
    """By the law itself, which knows no index of a far year: the day, the reason, and the last known day."""
    words = ("explain", "777AAA02", "--on", "2345-02-01", "--json")
    ran = plates(*words, data_dir=tmp_path, PLATES_PATTERNS_DIR=str(PATTERNS))
    assert ran.code == 3
    assert (ran.line["price"], ran.line["on"]) == (None, "2345-02-01")
    assert ran.line["type"] == "urn:plates:problem:mci_unknown"
    assert ran.line["last_known"] in ran.line["detail"]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "20260701", "2026-7"])
def test_a_day_that_is_none_is_invalid(tmp_path: Path, day: str) -> None:
    """The sentence shows how a day is written."""
    ran = plates("explain", "777AAA02", "--on", day, "--json", data_dir=tmp_path)
    assert ran.code == 2
    assert ran.line["type"] == "urn:plates:problem:input_invalid"


def test_explain_for_people(tmp_path: Path) -> None:
    """The price with its reason, the rules that matched, and a withheld mark said to be one."""
    ran = plates("explain", "777AAA02", "333SEX02", "--on", DAY, data_dir=tmp_path)
    assert ran.code == 0
    assert "285 MCI = 1 232 625 KZT" in ran.out
    assert "won: chosen_top_identical" in ran.out
    assert "withheld, never offered" in ran.out


def test_assigned_marks_have_their_own_price(tmp_path: Path) -> None:
    """An ordinary mark that nobody chose costs 2.8 MCI; a beautiful one is not offered that way."""
    ran = plates(
        "explain", "123ABC02", "777AAA02", "--acquired", "assigned", "--on", DAY, "--json", data_dir=tmp_path
    )
    ordinary, beautiful = ran.lines
    assert ordinary["price"]["mci"] == "2.8"
    assert beautiful["price"] is None
    assert ran.code == 0


def test_a_rule_book_that_is_missing_is_named(tmp_path: Path) -> None:
    """The variable that says where the law lies stands in the sentence."""
    ran = plates("explain", "777AAA02", "--json", data_dir=tmp_path, PLATES_PATTERNS_DIR=str(tmp_path / "no"))
    assert ran.code == 5
    assert "PLATES_PATTERNS_DIR" in ran.line["detail"]


def test_a_faulty_rule_book_tells_every_fault(tmp_path: Path) -> None:
    """File, line and column of each."""
    (tmp_path / "mci.toml").write_text("[[nonsense]]\n")
    ran = plates("explain", "777AAA02", data_dir=tmp_path, PLATES_PATTERNS_DIR=str(tmp_path))
    assert ran.code == 2
    assert "mci.toml:1:" in ran.err


def test_search_counts_and_lists(tmp_path: Path) -> None:
    """7?7 in one region: ten digits with any letters; nobody knows here what is taken, and it says so."""
    ran = plates("search", "7?7", "--region", "02", "--json", "--limit", "20", data_dir=tmp_path)
    assert ran.code == 0
    assert ran.line["count"] == 10 * 26**3
    assert len(ran.line["marks"]) == 20
    assert all(re.fullmatch(r"7\d7[A-Z]{3}02", mark) for mark in ran.line["marks"])
    assert ran.line["basis"] == "rule_book"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["777AAA02"], 1),
        (["777AAA02", "--region", "01"], 0),
        (["777 AAA", "--region", "01", "--region", "02"], 2),
        (["777 AA", "--format", "entity_car"], 20),
        (["777 AA 02"], 1),
        (["format:entity_car 777"], 20 * 26**2),
        (["777"], 20 * 26**3),
        (["777 AA", "--format", "person_car"], 0),
        (["777 AAA | 777 AA", "--format", "entity_car", "--format", "person_car"], 40),
    ],
)
def test_search_narrows(tmp_path: Path, words: list[str], count: int) -> None:
    """Regions and formats narrow; without one: persons' marks, or those that are meant."""
    assert plates("search", *words, "--json", data_dir=tmp_path).line["count"] == count


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        (["7?7", "--region", "77"], "region_unknown"),
        (["7?7", "--format", "boat"], "format_unknown"),
        (["((("], "pattern_invalid"),
    ],
)
def test_search_names_what_is_wrong(tmp_path: Path, words: list[str], slug: str) -> None:
    """Invalid input ends with 2 and a slug."""
    ran = plates("search", *words, "--json", data_dir=tmp_path)
    assert ran.code == 2
    assert ran.line["type"] == f"urn:plates:problem:{slug}"


def test_a_fault_of_a_pattern_has_the_column_that_was_typed(tmp_path: Path) -> None:
    """What the command adds around a pattern moves nothing."""
    ran = plates("search", "77? & !!", "--region", "02", "--json", data_dir=tmp_path)
    assert ran.code == 2
    assert all(fault["column"] <= len("77? & !!") + 1 for fault in ran.line["faults"])


def test_check_says_what_a_tariff_is(tmp_path: Path) -> None:
    """A sound tariff: its id, its day, its content hash."""
    ran = plates("tariff", "check", str(next_year(tmp_path)), "--json", data_dir=tmp_path)
    assert ran.code == 0
    assert ran.line["id"] == "kz-test"
    assert ran.line["in_force_from"] == "2026-12-01"
    assert re.fullmatch(r"[0-9a-f]{64}", ran.line["revision"])


def test_check_tells_every_fault(tmp_path: Path) -> None:
    """Two faults in one file are two lines, each with its place."""
    path = next_year(tmp_path)
    text = (
        path.read_text("utf-8")
        .replace('mci = "57"', 'mci = "many"')
        .replace('digits = "aba"', 'digits = "((("')
    )
    path.write_text(text, "utf-8")
    ran = plates("tariff", "check", str(path), "--json", data_dir=tmp_path)
    assert ran.code == 2
    assert ran.line["type"] == "urn:plates:problem:rule_book_invalid"
    assert len(ran.line["faults"]) >= 2
    spoken = plates("tariff", "check", str(path), data_dir=tmp_path)
    assert len(re.findall(rf"^{re.escape(str(path))}:\d+:\d+:", spoken.err, re.MULTILINE)) == len(
        ran.line["faults"]
    )


def test_preview_counts_exactly(tmp_path: Path) -> None:
    """Mirror digits at 20 MCI instead of 15: 80 digits, letters not identical, all regions, by hand."""
    ran = plates("tariff", "preview", str(next_year(tmp_path)), "--json", data_dir=tmp_path)
    assert ran.code == 0
    [move] = [move for move in ran.line["moves"] if move["from"] == "mirror"]
    persons, entities = 80 * (26**3 - 26) * 20, 80 * (26**2 - 26) * 20
    marks = persons + entities
    assert move["to"] == "mirror"
    assert move["marks"] == marks
    assert move["free_marks"] is None
    assert move["amount_tiyn"] == str(marks * 5 * 4325 * 100)
    assert int(move["amount_tiyn"]) > 2**32
    assert ran.line["free_marks_counted"] is False
    assert ran.line["on"] == "2026-12-01"


def test_preview_for_people(tmp_path: Path) -> None:
    """A table, and that free marks are not counted here."""
    ran = plates("tariff", "preview", str(next_year(tmp_path)), data_dir=tmp_path)
    assert ran.code == 0
    assert "mirror" in ran.out
    assert "not counted" in ran.out


def test_a_tariff_file_that_is_not_there(tmp_path: Path) -> None:
    """Invalid input, by its name."""
    ran = plates("tariff", "preview", str(tmp_path / "none.toml"), "--json", data_dir=tmp_path)
    assert ran.code == 2
    assert ran.line["type"] == "urn:plates:problem:file_unreadable"


def test_the_timeline_on_disk(tmp_path: Path) -> None:
    """Without a server the files are listed."""
    ran = plates("tariff", "list", "--json", data_dir=tmp_path)
    assert ran.code == 0
    assert "kz-2026" in [line["tariff_id"] for line in ran.lines]


def test_defaults_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short way round the settings class leads to the same places."""
    for variable in (law.PATTERNS_VARIABLE, places.DATA_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    settings = Settings()
    assert law.patterns_dir() == settings.patterns_dir
    assert places.data_dir() == settings.data_dir
    assert settings.replica_path == settings.data_dir / places.REPLICA_NAME
    assert {law.PATTERNS_VARIABLE, places.DATA_VARIABLE} <= {
        f"PLATES_{name.upper()}" for name in Settings.model_fields
    }


@pytest.mark.parametrize(
    ("tiyn", "text"), [(0, "0"), (1_751_625, "17 516.25"), ("123262500", "1 232 625"), (-150, "-1.50")]
)
def test_amounts_for_people(tiyn: int | str, text: str) -> None:
    """Tenge with blanks, tiyn only where there are any."""
    assert tenge(tiyn) == text
