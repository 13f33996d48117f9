"""The rules of catalog that need no database, by Hypothesis."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markethall.catalog.category import MAX_LEVELS, check_place
from markethall.catalog.errors import check_version
from markethall.catalog.product import Content, Option, Variant, check
from markethall.catalog.requests import MAX_OPTION_FILTERS, option_filters
from markethall.catalog.words import (
    MAX_KEY_CHARACTERS,
    MAX_QUERY_WORDS,
    MAX_WORD_CHARACTERS,
    option_key,
    search_terms,
    searchable,
    slug_of,
    sort_key,
    words,
)
from markethall.kit.errors import Invalid, VersionMismatch, VersionRequired

SLUG_CHARACTERS = set(string.ascii_lowercase + string.digits + "-")


@given(st.text())
def test_a_slug_is_empty_or_well_formed_and_makes_itself(text: str) -> None:
    slug = slug_of(text)
    assert set(slug) <= SLUG_CHARACTERS
    assert not slug.startswith("-")
    assert not slug.endswith("-")
    assert "--" not in slug
    assert slug_of(slug) == slug


@given(st.text())
def test_words_have_letters_and_digits_only_and_survive_folding_again(text: str) -> None:
    found = words(text)
    assert all(word.isalnum() for word in found)
    assert words(searchable(text)) == found


@given(st.text(alphabet=string.ascii_letters + " éüÅñçô"))
def test_case_and_accents_make_no_difference(text: str) -> None:
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    assert words(text) == words(text.upper()) == words(plain)
    assert sort_key(text) == sort_key(text.upper()) == sort_key(plain)


@given(st.text())
def test_a_query_is_quoted_words_only_and_bounded(text: str) -> None:
    terms = search_terms(text)
    if terms is None:
        assert words(text) == []
        return
    quoted = [*terms.whole.split(" & "), terms.last.removesuffix(":*")] if terms.whole else [terms.last[:-2]]
    assert len(quoted) <= MAX_QUERY_WORDS
    for word in quoted:
        assert (word[0], word[-1]) == ("'", "'")
        assert word[1:-1].isalnum()
        assert len(word) <= MAX_WORD_CHARACTERS + 2


@given(st.text(), st.text())
def test_keys_are_short_enough_for_an_index(name: str, value: str) -> None:
    assert len(option_key(name * 50, value * 50)) <= 2 * MAX_KEY_CHARACTERS + 1
    assert sort_key(name) == sort_key(f"  {name} ")


names = st.sampled_from(["size", "colour", "cut"])


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Products that keep the rules."""
    values = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True)
    options = [Option(name, draw(values)) for name in draw(st.lists(names, unique=True))]
    choices = [{}]
    for option in options:
        choices = [choice | {option.name: value} for choice in choices for value in option.values]
    picked = draw(st.lists(st.sampled_from(range(len(choices))), min_size=1, unique=True))
    variants = [Variant(f"SKU-{n}", choices[n], draw(st.integers(0, 10**12))) for n in picked]
    return Content("A name", "", None, {}, options, variants, [])


@given(contents())
def test_what_keeps_the_rules_is_taken(content: Content) -> None:
    assert check(content) == []
    assert content.lowest_price == min(variant.price for variant in content.variants)


@given(contents(), st.data())
def test_each_broken_rule_is_named_by_its_field(content: Content, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content.variants) - 1))
    victim = content.variants[at]

    def with_variant(variant: Variant) -> Content:
        variants = [*content.variants[:at], variant, *content.variants[at + 1 :]]
        return Content("A name", "", None, {}, content.options, variants, [])

    foreign = with_variant(Variant(victim.sku, {**victim.options, "sleeve": "long"}, 1))
    assert [error.field for error in check(foreign)] == [f"variants[{at}].options"]
    for name in victim.options:
        unknown = with_variant(Variant(victim.sku, {**victim.options, name: "unknown"}, 1))
        assert [error.field for error in check(unknown)] == [f"variants[{at}].options.{name}"]
        missing = with_variant(Variant(victim.sku, {k: v for k, v in victim.options.items() if k != name}, 1))
        assert [error.field for error in check(missing)] == [f"variants[{at}].options"]
    last = len(content.variants)
    twin = Content("A name", "", None, {}, content.options, [*content.variants, Variant("NEW", victim.options, 1)], [])
    assert [error.field for error in check(twin)] == [f"variants[{last}].options"]
    again = Content("A name", "", None, {}, content.options, [*content.variants, victim], [])
    assert f"variants[{last}].sku" in [error.field for error in check(again)]


def test_options_and_their_values_are_told_apart() -> None:
    variants = [Variant("A", {"size": "s"}, 1)]
    twice = [Option("size", ["s"]), Option("Size", ["m"])]
    assert [e.field for e in check(Content("x", "", None, {}, twice, variants, []))] == ["options[1].name"]
    values = [Option("size", ["s", "m", "S"])]
    assert [e.field for e in check(Content("x", "", None, {}, values, variants, []))] == ["options[0].values[2]"]
    assert [e.field for e in check(Content(" ", "", None, {}, [], [Variant("A", {}, 1)], []))] == ["name"]
    assert [e.field for e in check(Content("x", "", None, {}, [], [], []))] == ["variants"]


@given(st.integers(1, 50), st.lists(st.integers(1, 50), unique=True), st.integers(1, 10))
def test_a_category_goes_below_no_other_than_may_bear_it(category: int, path: list[int], height: int) -> None:
    refused = bool(check_place(category, height, path))
    assert refused == (category in path or len(path) + height > MAX_LEVELS)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.text(alphabet=string.hexdigits))
def test_a_version_is_named_with_or_without_what_front_appends(version: int, other: int, tail: str) -> None:
    check_version(f'"{version}"', version)
    check_version(f'"{version}-{tail}"', version)
    check_version(None, version, required=False)
    with pytest.raises(VersionRequired):
        check_version(None, version)
    if other != version:
        with pytest.raises(VersionMismatch):
            check_version(f'"{other}-{version}", "{other}"', version)


@given(st.lists(st.tuples(st.sampled_from(["limit", "option.size", "option.colour"]), st.text(min_size=1, max_size=9))))
def test_filters_by_option_are_gathered_by_name(parameters: list[tuple[str, str]]) -> None:
    wanted = [(name, value) for name, value in parameters if name != "limit"]
    if len(wanted) > MAX_OPTION_FILTERS or any("\x00" in value for _, value in wanted):
        with pytest.raises(Invalid):
            option_filters(parameters)
        return
    found = option_filters(parameters)
    assert {f"option.{name}" for name in found} == {name for name, _ in wanted}
    assert sum(map(len, found.values())) == len(wanted)
