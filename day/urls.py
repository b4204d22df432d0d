from django.urls import path

from day.views import customers, lead_rules, leads

app_name = "day"
urlpatterns = [
    # existing customers
    path("customers/", customers.page, name="customers"),
    path("customers/<int:pk>/rhythm/", customers.rhythm, name="customer_rhythm"),
    path("customers/<int:pk>/touch/", customers.touch, name="customer_touch"),
    # new leads
    path("leads/", leads.inbox, name="leads"),
    path("leads/<int:pk>/", leads.preview, name="lead"),
    path("leads/<int:pk>/accept/", leads.accept, name="lead_accept"),
    path("leads/<int:pk>/same/", leads.same, name="lead_same"),
    path("leads/rules/", lead_rules.page, name="lead_rules"),
    path("leads/rules/add/<int:team>/", lead_rules.add, name="lead_rule_add"),
    path("leads/rules/<int:pk>/", lead_rules.change, name="lead_rule"),
    path("leads/rules/<int:pk>/switch/", lead_rules.switch, name="lead_rule_switch"),
    path("leads/rules/<int:pk>/up/", lead_rules.up, name="lead_rule_up"),
]
