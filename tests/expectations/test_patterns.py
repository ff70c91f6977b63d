"""Patterns are found in a whole column as Python finds them value by value."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.landing.common import E_MAIL, PSEUDONYM
from expectations.landing.pontoon import LOCALE_CODE
from expectations.patterns import matches
from expectations.publish.columns import PERSON_LIKE
from expectations.publish.common import PERSONAL

PATTERNS = (E_MAIL, LOCALE_CODE, PERSON_LIKE, PERSONAL, PSEUDONYM)


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_every_pattern_of_the_gates_is_found_as_python_finds_it(pattern: str, data: st.DataObject) -> None:
    told = st.from_regex(re.compile(pattern, re.ASCII)) | st.text(st.characters(codec="ascii"))
    values = data.draw(st.lists(told, min_size=1))
    python = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    column = pd.Series(values, index=range(7, 7 + len(values)))
    assert matches(column, pattern).to_dict() == {
        place: python.search(value) is not None for place, value in column.items()
    }


def test_a_line_break_at_the_end_is_no_part_of_a_pseudonym() -> None:
    assert matches(pd.Series(["0" * 32, "0" * 32 + "\n", 7]), PSEUDONYM).tolist() == [True, False, False]
