import pytest

from dataapp.errors import Cancelled
from dataapp.views.jobs import note_failure


def test_why_something_could_not_be_made_is_logged_and_giving_up_is_not(caplog: pytest.LogCaptureFixture):
    note_failure("profile", Cancelled("something newer is under way"))
    assert caplog.text == ""
    note_failure("profile", ValueError("the reason"))
    assert "profile" in caplog.text
    assert "the reason" in caplog.text
