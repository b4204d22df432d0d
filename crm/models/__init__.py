from crm.models.activity import Activity, ActivityKind, ActivityResult
from crm.models.company import Company, Relationship
from crm.models.contact import Contact, ContactPoint, PointKind
from crm.models.deal import Deal, DealChange, DealContact, DealLine, DealRole, Lead, Opportunity
from crm.models.import_job import (
    ImportFault,
    ImportJob,
    ImportKind,
    ImportMapping,
    ImportState,
)
from crm.models.import_row import ImportedRow
from crm.models.reference import (
    CauseKind,
    Method,
    Product,
    Rate,
    Source,
    SourceKind,
    StopCause,
)
from crm.models.saved_view import ListKind, SavedView
from crm.models.search_entry import SearchEntry, SearchKind
from crm.models.stage_visit import StageVisit

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivityResult",
    "CauseKind",
    "Company",
    "Contact",
    "ContactPoint",
    "Deal",
    "DealChange",
    "DealContact",
    "DealLine",
    "DealRole",
    "ImportFault",
    "ImportJob",
    "ImportKind",
    "ImportMapping",
    "ImportState",
    "ImportedRow",
    "Lead",
    "ListKind",
    "Method",
    "Opportunity",
    "PointKind",
    "Product",
    "Rate",
    "Relationship",
    "SavedView",
    "SearchEntry",
    "SearchKind",
    "Source",
    "SourceKind",
    "StageVisit",
    "StopCause",
]
