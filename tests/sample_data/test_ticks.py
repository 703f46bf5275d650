import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_data.ticks import CLOSES_AT, OPENS_AT, Bar, Ticks, day_ticks


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Prices of up to four decimals, volumes from scarce to ample."""
    low, *between, high = sorted(draw(st.lists(st.integers(1, 9_000_000), min_size=4, max_size=4)))
    opening, closing = draw(st.permutations(between))
    ticks = draw(st.integers(4, 300))
    volume = ticks + draw(st.integers(0, 10) | st.integers(0, 10**9))
    return Bar(opening / 1e4, high / 1e4, low / 1e4, closing / 1e4, volume, ticks)


days = st.lists(bars(), min_size=1, max_size=5)
seeds = st.integers(0, 2**32)


def ticks_of(ticks: Ticks, bar: int) -> tuple[list[float], list[int]]:
    mine = ticks.bar == bar
    return ticks.price[mine].tolist(), ticks.size[mine].tolist()


@given(days, seeds)
def test_each_bar_of_the_ticks_is_the_given_bar(day: list[Bar], seed: int):
    ticks = day_ticks(day, np.random.default_rng(seed))
    for index, bar in enumerate(day):
        price, size = ticks_of(ticks, index)
        assert Bar(price[0], max(price), min(price), price[-1], sum(size), len(price)) == bar


@given(days, seeds)
def test_sizes_are_positive(day: list[Bar], seed: int):
    assert day_ticks(day, np.random.default_rng(seed)).size.min() > 0


@given(days, seeds)
def test_times_increase_strictly_within_trading_hours(day: list[Bar], seed: int):
    at = day_ticks(day, np.random.default_rng(seed)).at
    assert at[0] >= OPENS_AT
    assert at[-1] < CLOSES_AT
    assert (np.diff(at) > 0).all()


@given(bars(), seeds)
def test_prices_are_cents_except_those_of_the_bar(bar: Bar, seed: int):
    prices = set(day_ticks([bar], np.random.default_rng(seed)).price.tolist())
    others = prices - {bar.open, bar.high, bar.low, bar.close}
    assert others == {round(price, 2) for price in others}


@pytest.mark.parametrize("price", [20.0, 20.005])
def test_a_day_without_movement_trades_at_one_price(price: float):
    ticks = day_ticks([Bar(price, price, price, price, 1_000, 50)], np.random.default_rng(1))
    assert set(ticks.price.tolist()) == {price}


def test_ample_volumes_trade_in_round_lots_but_for_the_last_tick():
    size = day_ticks([Bar(10.0, 11.0, 9.0, 10.0, 100_042, 100)], np.random.default_rng(1)).size
    assert (size[:-1] % 100).max() == 0
    assert size[-1] % 100 == 42


def test_the_open_and_the_close_are_busier_than_noon():
    at = day_ticks([Bar(10.0, 11.0, 9.0, 10.0, 10**8, 100_000)], np.random.default_rng(1)).at
    per_half_hour = np.histogram(at, bins=13, range=(OPENS_AT, CLOSES_AT))[0]
    assert min(per_half_hour[0], per_half_hour[-1]) > 2.5 * per_half_hour[6]


def test_prices_visit_most_of_the_days_range():
    price = day_ticks([Bar(100.0, 101.0, 99.0, 100.5, 10**7, 10_000)], np.random.default_rng(1)).price
    assert len(set(price.tolist())) > 150


def test_the_same_random_numbers_give_the_same_ticks():
    day = [Bar(10.0, 11.0, 9.0, 10.0, 5_000, 100)]
    one, other = (day_ticks(day, np.random.default_rng(3)) for _ in range(2))
    assert one.price.tolist() == other.price.tolist()
    assert one.at.tolist() == other.at.tolist()
