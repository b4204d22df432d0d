"""The headings of the products that most files come from find their places without a question."""

import pytest

from exchange.imports import guessing
from exchange.imports.kinds import ACTIVITIES, LINES, PRODUCTS, ROLES, RecordKind

# As each product writes them; the fields that they must be, in the order of the headings (- is none).
SHAPES: list[tuple[str, RecordKind, str, str]] = [
    (
        "Salesforce Task",
        ACTIVITIES,
        "Id|WhoId|WhatId|Subject|ActivityDate|Status|OwnerId|Description|TaskSubtype|CreatedDate"
        "|CompletedDateTime|CallDisposition|IsClosed",
        "id contact about subject happened_on status owner body kind created_on done_on result -",
    ),
    (
        "Salesforce Event",
        ACTIVITIES,
        "Id|WhoId|WhatId|Subject|Location|StartDateTime|EndDateTime|Description|OwnerId|CreatedDate",
        "id contact about subject more happened_on - body owner created_on",
    ),
    (
        "Salesforce Note",
        ACTIVITIES,
        "Id|ParentId|Title|Body|OwnerId|CreatedDate",
        "id about subject body owner created_on",
    ),
    (
        "HubSpot calls",
        ACTIVITIES,
        "Record ID|Call Title|Call notes|Call outcome|Call direction|Call duration|Activity date"
        "|Activity assigned to|Associated Deal IDs|Associated Contact IDs|Associated Company IDs",
        "id subject body result more more happened_on owner deal contact company",
    ),
    (
        "HubSpot meetings",
        ACTIVITIES,
        "Record ID|Meeting name|Meeting start time|Meeting outcome|Internal meeting notes|Create date"
        "|Activity assigned to|Associated Deal IDs",
        "id subject happened_on status body created_on owner deal",
    ),
    (
        "Pipedrive activities",
        ACTIVITIES,
        "ID|Subject|Type|Done|Due date|Due time|Note|Deal|Contact person|Organization"
        "|Assigned to user|Add time|Marked as done time",
        "id subject kind status due_on due_on body deal contact company owner created_on done_on",
    ),
    (
        "Zoho tasks",
        ACTIVITIES,
        "Record Id|Task Owner|Subject|Due Date|Contact Name.id|Contact Name|Related To.id|Status"
        "|Closed Time|Created Time|Description|Tag",
        "id owner subject due_on contact - about status done_on created_on body more",
    ),
    (
        "Zoho calls",
        ACTIVITIES,
        "Record Id|Call Owner|Subject|Call Start Time|Call Duration|Call Result|Contact Name"
        "|Related To|Description",
        "id owner subject happened_on more result contact about body",
    ),
    (
        "Zoho notes",
        ACTIVITIES,
        "Record Id|Note Owner|Note Title|Note Content|Parent ID.id|Created Time",
        "id owner subject body about created_on",
    ),
    (
        "Odoo activities",
        ACTIVITIES,
        "ID|Activity Type|Summary|Note|Due Date|Assigned to|Related Document ID|Document Name",
        "id kind subject body due_on owner about -",
    ),
    (
        "Odoo messages",
        ACTIVITIES,
        "ID|Date|Author|Contents|Message Type|Related Document ID|Subject",
        "id happened_on owner body kind about subject",
    ),
    (
        "EspoCRM meetings",
        ACTIVITIES,
        "ID|Name|Status|Date Start|Date End|Description|Parent ID|Account ID|Assigned User"
        "|Created At",
        "id subject status happened_on due_on body about company owner created_on",
    ),
    (
        "Salesforce PricebookEntry",
        PRODUCTS,
        "Product2Id|Name|UnitPrice|CurrencyIsoCode",
        "id name price currency",
    ),
    ("Odoo products", PRODUCTS, "ID|Name|Sales Price|Product Category", "id name price series"),
    (
        "Salesforce OpportunityLineItem",
        LINES,
        "Id|OpportunityId|Product2Id|Name|Quantity|UnitPrice|TotalPrice|CurrencyIsoCode",
        "id deal product - quantity price - currency",
    ),
    (
        "Pipedrive products on deals",
        LINES,
        "Deal - Title|Deal - Organization|Product - Name|Product - Quantity|Product - Item price",
        "deal company product quantity price",
    ),
    (
        "Salesforce OpportunityContactRole",
        ROLES,
        "Id|OpportunityId|ContactId|Role|IsPrimary",
        "- deal people role -",
    ),
    ("Pipedrive participants", ROLES, "Deal - Title|Deal - Participants", "deal people"),
]


@pytest.mark.parametrize(
    ("product", "kind", "header", "fields"), SHAPES, ids=[each[0] for each in SHAPES]
)
def test_headings_of_products(product: str, kind: RecordKind, header: str, fields: str):
    names = header.split("|")
    guessed = guessing.columns(kind, names)
    of_column = {column: field for field, some in guessed.items() for column in some}
    assert [of_column.get(name, "-") for name in names] == fields.split(), product
