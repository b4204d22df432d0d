from crm.models.activity import Activity, ActivityKind, ActivityResult
from crm.models.closing_attempt import ClosingAttempt, Reply
from crm.models.company import Company, Relationship
from crm.models.concern import Concern, ConcernCategory, Disposition
from crm.models.contact import Contact, ContactPoint, PointKind
from crm.models.deal import Deal, DealChange, DealContact, DealLine, DealRole, Lead, Opportunity
from crm.models.decision_path import DecisionPath
from crm.models.deleted import DeletedKind, DeletedRecord
from crm.models.evidence import EvidenceFile
from crm.models.hand_off import HandOff
from crm.models.import_row import ImportedRow
from crm.models.judgement import Judgement
from crm.models.lead_rule import Dealing, LeadAssignment, LeadRule, LeadTaker
from crm.models.need import Need, Per
from crm.models.offer import Offer, OfferKind, OfferLine, OfferOutcome, OfferRecipient
from crm.models.party_change import PartyChange
from crm.models.party_merge import PartyKind, PartyMerge
from crm.models.process_note import NoteKind, Place, ProcessNote
from crm.models.reference import (
    CauseKind,
    Method,
    Product,
    Rate,
    Source,
    SourceKind,
    StopCause,
)
from crm.models.retrospective import DecidedBy, Retrospective
from crm.models.saved_view import ListKind, SavedView
from crm.models.search_entry import SearchEntry, SearchKind
from crm.models.setting_change import Setting, SettingChange
from crm.models.stage_visit import StageVisit
from crm.models.step_result import StepResult, StepState
from crm.models.touch_plan import TouchPlan
from crm.models.undoable_act import UndoableAct
from crm.models.verdict import Confidence, Ruling, Verdict

__all__ = [
    "Activity",
    "ActivityKind",
    "ActivityResult",
    "CauseKind",
    "ClosingAttempt",
    "Company",
    "Concern",
    "ConcernCategory",
    "Confidence",
    "Contact",
    "ContactPoint",
    "Deal",
    "DealChange",
    "DealContact",
    "DealLine",
    "DealRole",
    "Dealing",
    "DecidedBy",
    "DecisionPath",
    "DeletedKind",
    "DeletedRecord",
    "Disposition",
    "EvidenceFile",
    "HandOff",
    "ImportedRow",
    "Judgement",
    "Lead",
    "LeadAssignment",
    "LeadRule",
    "LeadTaker",
    "ListKind",
    "Method",
    "Need",
    "NoteKind",
    "Offer",
    "OfferKind",
    "OfferLine",
    "OfferOutcome",
    "OfferRecipient",
    "Opportunity",
    "PartyChange",
    "PartyKind",
    "PartyMerge",
    "Per",
    "Place",
    "PointKind",
    "ProcessNote",
    "Product",
    "Rate",
    "Relationship",
    "Reply",
    "Retrospective",
    "Ruling",
    "SavedView",
    "SearchEntry",
    "SearchKind",
    "Setting",
    "SettingChange",
    "Source",
    "SourceKind",
    "StageVisit",
    "StepResult",
    "StepState",
    "StopCause",
    "TouchPlan",
    "UndoableAct",
    "Verdict",
]
