from django.urls import path

from day.views import customers, day_page, lead_rules, leads, mirror, outside_time, paper, verbs

app_name = "day"
urlpatterns = [
    path("day/", day_page.page, name="my_day"),
    path("day/mirror/", mirror.mirror, name="mirror"),
    path("day/done/<slug:kind>-<int:pk>/", verbs.done, name="done"),
    path("day/later/<slug:kind>-<int:pk>/", verbs.later, name="later"),
    path("day/place/<slug:kind>-<int:pk>/", verbs.place, name="place"),
    path("day/wake/<int:pk>/", verbs.wake, name="wake"),
    path("day/protected/", verbs.protect, name="protect"),
    path("day/protected/<int:pk>/remove/", verbs.unprotect, name="unprotect"),
    # on paper
    path("day/paper/", paper.day, name="paper_day"),
    path("day/paper/board/", paper.board, name="paper_board"),
    path("day/paper/back/", paper.back, name="paper_back"),
    # existing customers
    path("customers/", customers.page, name="customers"),
    path("customers/<int:pk>/rhythm/", customers.rhythm, name="customer_rhythm"),
    path("customers/<int:pk>/touch/", customers.touch, name="customer_touch"),
    # what is neither qualifying nor closing
    path("outside/", outside_time.page, name="outside"),
    path("outside/<int:pk>/remove/", outside_time.remove, name="outside_remove"),
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
