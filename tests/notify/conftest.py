import pytest
from receiver import receiving


@pytest.fixture
def receiver(tmp_path):
    with receiving(tmp_path) as receiver:
        yield receiver
