"""Requests made up from the server's own description get answers as it tells of."""

import pytest

schemathesis = pytest.importorskip("schemathesis")
from hypothesis import HealthCheck, Phase, settings  # noqa: E402

from autosample.serve.app import make_app  # noqa: E402
from autosample.serve.model import Holder  # noqa: E402
from tests.serve.making import fault, finished  # noqa: E402

APP = make_app(Holder(finished()), hosts=None)
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)


def test_everything_is_described() -> None:
    paths = {f"{m.upper()} {path}" for path, item in APP.openapi()["paths"].items() for m in item}
    assert paths == {
        "GET /recommend",
        "POST /recommend",
        "POST /fold-in",
        "GET /similar",
        "GET /health",
        "POST /reload",
    }


@SCHEMA.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_described(case) -> None:
    response = case.call()
    if response.status_code == 413:
        assert fault(response) == "AS291"
        return  # a limit that a schema cannot tell of
    case.validate_response(response)
