def initials(name: str, dots: bool = True) -> str:
    """Shorten a name to its initials."""
    return "".join(part[0] + ("." if dots else "") for part in name.split())
