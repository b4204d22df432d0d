from pipeline.process.queries.page import Of


class WhoseConverter:
    """Whose process an address is about: `mine`, or a team by its id."""

    regex = "mine|[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> Of:
        return "mine" if value == "mine" else int(value)

    def to_url(self, value: Of | str) -> str:
        return str(value)
