from tests.fakes.laboratory import host, marker, open_place, weaker_lab

__all__ = ["host", "marker", "open_place", "weaker_lab"]
