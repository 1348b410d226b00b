"""The links of a connection, and the transitions between them."""

from __future__ import annotations

from assetstream.core.link import LINKS, Link


def test_every_link_lists_what_may_follow() -> None:
    """Only OVER has no transition."""
    assert set(LINKS) == set(Link)
    assert [link for link in Link if not LINKS[link]] == [Link.OVER]


def test_every_link_can_come_to_its_end() -> None:
    """``stop`` leads from every link to OVER."""
    for link in set(Link) - {Link.OVER}:
        reached, edge = {link}, {link}
        while edge:
            edge = {to for each in edge for to in LINKS[each]} - reached
            reached |= edge
        assert Link.OVER in reached


def test_no_connection_is_made_without_a_turn() -> None:
    """DIALLING follows only the link that waits for a turn (L4)."""
    assert [link for link in Link if Link.DIALLING in LINKS[link]] == [Link.QUEUED]
