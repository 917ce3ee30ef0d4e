import pytest
from operator_at import PASSWORD, Operator


@pytest.fixture
def office(build_house):
    """A reactor whose pages are open to whoever knows the password."""
    return build_house(REACTOR_OPS_PASSWORD=PASSWORD)


@pytest.fixture
def stranger(office):
    return Operator(office.app)


@pytest.fixture
def operator(office):
    """Somebody who logged in."""
    operator = Operator(office.app)
    assert operator.log_in().status_code == 303
    return operator
