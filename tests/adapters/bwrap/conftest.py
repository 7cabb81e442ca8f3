from tests.fakes.laboratory import either_lab, host, lab, marker, open_place, weaker_lab

__all__ = ["either_lab", "host", "lab", "marker", "open_place", "weaker_lab"]
