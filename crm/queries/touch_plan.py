"""How often customers are to be touched."""

from crm.models import Company, TouchPlan


def plan_of(company: Company) -> TouchPlan | None:
    """What was decided about a company; None where nobody did."""
    return TouchPlan.objects.filter(company=company).first()
