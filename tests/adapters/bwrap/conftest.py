from tests.fakes.laboratory import host, lab, marker

__all__ = ["host", "lab", "marker"]
