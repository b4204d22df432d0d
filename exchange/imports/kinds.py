"""What a file can hold: the kinds of record, and the fields that a column may be mapped to."""

import enum
from dataclasses import dataclass


class CellType(enum.Enum):
    """How the cells of a field are parsed."""

    TEXT = "text"
    WHOLE = "whole number"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"
    EMAIL = "e-mail"
    PHONE = "phone"
    LINK = "link"

    @property
    def is_number(self) -> bool:
        return self in (CellType.WHOLE, CellType.MONEY)

    @property
    def is_date(self) -> bool:
        return self in (CellType.DAY, CellType.MOMENT)

    @property
    def is_list(self) -> bool:
        """Whether several columns may hold the field: people have two telephones."""
        return self in (CellType.EMAIL, CellType.PHONE)

    @property
    def column_type(self) -> str:
        return _COLUMN_TYPES.get(self, "text")


_COLUMN_TYPES = {
    CellType.WHOLE: "integer",
    CellType.MONEY: "numeric(14, 2)",
    CellType.DAY: "date",
    CellType.MOMENT: "timestamptz",
    CellType.EMAIL: "text[]",
    CellType.PHONE: "text[]",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field that a column can be mapped to.

    `longest` is its maximum number of characters; `refers` marks names of other records, for which
    “none” and “unknown” are no names; `joins` means that several columns are joined to one text.
    """

    name: str
    form: CellType = CellType.TEXT
    longest: int = 200
    required: bool = False
    refers: bool = False
    joins: bool = False

    @property
    def has_several(self) -> bool:
        """Whether several columns may be mapped to it."""
        return self.joins or self.form.is_list

    @property
    def is_any_text(self) -> bool:
        return self.form is CellType.TEXT and not self.refers


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of record. `named` kinds are identified by name if the file has no column of ids; of
    other kinds, equal rows may still be two records."""

    name: str
    fields: tuple[Field, ...]
    named: bool

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


ID = Field(name="id", longest=150)

PEOPLE = Kind(
    name="people",
    named=True,
    fields=(
        ID,
        Field(name="name", longest=120, required=True, joins=True),
        Field(name="email", form=CellType.EMAIL),
        Field(name="manager", longest=120),
        Field(name="office", longest=120),
        Field(name="hired_on", form=CellType.DAY),
    ),
)
PRODUCTS = Kind(
    name="products",
    named=True,
    fields=(
        ID,
        Field(name="name", longest=120, required=True),
        Field(name="series", longest=80),
        Field(name="price", form=CellType.MONEY),
    ),
)
COMPANIES = Kind(
    name="companies",
    named=True,
    fields=(
        ID,
        Field(name="name", required=True),
        Field(name="industry", longest=80),
        Field(name="employees", form=CellType.WHOLE),
        Field(name="country", longest=80),
        Field(name="website", form=CellType.LINK),
        Field(name="parent", refers=True),
        Field(name="owner", longest=254),
    ),
)
CONTACTS = Kind(
    name="contacts",
    named=False,
    fields=(
        ID,
        Field(name="name", required=True, joins=True),
        Field(name="job_title", longest=120),
        Field(name="company", refers=True),
        Field(name="email", form=CellType.EMAIL),
        Field(name="phone", form=CellType.PHONE),
        Field(name="owner", longest=254),
    ),
)
DEALS = Kind(
    name="deals",
    named=False,
    fields=(
        ID,
        Field(name="name"),
        Field(name="company", refers=True),
        Field(name="contact", refers=True, joins=True),
        Field(name="job_title", longest=120),
        Field(name="email", form=CellType.EMAIL),
        Field(name="phone", form=CellType.PHONE),
        Field(name="product", longest=150),
        Field(name="owner", longest=254),
        Field(name="team", longest=120),
        Field(name="source", longest=80),
        Field(name="source_detail"),
        Field(name="amount", form=CellType.MONEY),
        Field(name="currency", longest=3),
        Field(name="stage", joins=True),
        Field(name="created_on", form=CellType.MOMENT),
        Field(name="entered_on", form=CellType.MOMENT),
        Field(name="closed_on", form=CellType.MOMENT),
        Field(name="expected_close_on", form=CellType.DAY),
    ),
)

# In this order: what a row refers to comes in before it, in whatever order the files are given.
KINDS = (PEOPLE, PRODUCTS, COMPANIES, CONTACTS, DEALS)
