"""Two approvals of one mini program whose pushes never came: the second is found as the first was."""

import pytest
from known import SHOP

from reactor.store import authorizers

ROUNDS = 12


def sweep_until(house, version, seconds):
    """Let upkeep ask in its turn, with fresh tickets, until the version is live."""
    for _ in range(ROUNDS):
        if (house.platform.live(SHOP) or (None,))[0] == version:
            return
        house.clock.advance(seconds)
        house.push_ticket()
        while house.worker.upkeep.step():
            house.run()
            house.clock.advance(0.2)
        house.run()


@pytest.mark.parametrize("later", [0, 1, 60], ids="submitted-{}-s-after-the-find".format)
def test_a_version_submitted_as_the_sweep_found_the_one_before_is_found_too(house, later):
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    house.platform.approve(SHOP)
    house.clock.advance(30)
    house.worker.upkeep.step()
    house.run()
    assert house.platform.live(SHOP)[0] == "1.0.0"
    house.clock.advance(later)
    house.platform.submit_audit(SHOP, "2.0.0")
    house.clock.advance(3600)
    house.platform.approve(SHOP)
    sweep_until(house, "2.0.0", 11_000)
    assert house.platform.live(SHOP)[0] == "2.0.0"
    assert len(house.platform.effective_releases(SHOP)) == 2


def test_two_pushes_in_the_time_of_one_find_are_two_approvals(house):
    """Our clock was a day ahead when the first was found: by the times alone the second is that one, too."""
    house.open_shop()
    house.platform.submit_audit(SHOP, "1.0.0")
    house.clock.advance(60)
    first = house.platform.approve(SHOP)
    house.clock.advance(30)
    house.worker.upkeep.step()
    with house.store.write() as connection:
        authorizers.update(connection, SHOP, swept_until=house.clock() + 86_400)
    house.run()
    house.push_approval(succeeded_at=first)
    assert len(house.releases()) == 1
    house.approve("2.0.0")
    assert len(house.releases()) == 2
    house.run()
    assert house.platform.live(SHOP)[0] == "2.0.0"
