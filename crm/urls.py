from django.urls import path

from crm.models import ListKind
from crm.views import (
    activity,
    board,
    bulk,
    company,
    company_page,
    contact,
    contact_page,
    deal,
    deal_line,
    deal_page,
    import_job,
    list_export,
    lists,
    people,
    saved_view,
    search,
)

app_name = "crm"
urlpatterns = [
    path("board/", board.board, name="board"),
    path("board/column/", board.column, name="board_column"),
    path("search/", search.find, name="search"),
    # lists, with what can be done to many rows at once
    *(path(f"{kind}/", lists.page, {"kind": kind}, name=kind.value) for kind in ListKind),
    path("lists/<slug:kind>.csv", list_export.export, name="list_export"),
    path("deals/bulk/<slug:verb>/", bulk.ask, name="deal_bulk"),
    path("views/save/", saved_view.save, name="view_save"),
    path("views/<int:pk>/", saved_view.change, name="view_change"),
    path("views/<int:pk>/delete/", saved_view.delete, name="view_delete"),
    # companies and contacts
    path("companies/bulk/<slug:verb>/", bulk.ask, {"of": "companies"}, name="company_bulk"),
    path("companies/new/", company_page.new, name="company_new"),
    path("companies/new/alike/", company_page.same, name="company_alike"),
    path("companies/<int:pk>/", company_page.page, name="company"),
    path("companies/<int:pk>/timeline/", company_page.timeline, name="company_timeline"),
    path("companies/<int:pk>/edit/", company_page.edit, name="company_edit"),
    path("companies/<int:pk>/hand-over/", company_page.hand_over, name="company_hand_over"),
    path("companies/<int:pk>/log/", company_page.log, name="company_log"),
    path("companies/<int:pk>/plan/", company_page.plan, name="company_plan"),
    path("contacts/bulk/<slug:verb>/", bulk.ask, {"of": "contacts"}, name="contact_bulk"),
    path("contacts/new/", contact_page.new, name="contact_new"),
    path("contacts/new/alike/", contact_page.same, name="contact_alike"),
    path("contacts/<int:pk>/", contact_page.page, name="contact"),
    path("contacts/<int:pk>/timeline/", contact_page.timeline, name="contact_timeline"),
    path("contacts/<int:pk>/edit/", contact_page.edit, name="contact_edit"),
    path("contacts/<int:pk>/hand-over/", contact_page.hand_over, name="contact_hand_over"),
    path("contacts/<int:pk>/log/", contact_page.log, name="contact_log"),
    path("contacts/<int:pk>/plan/", contact_page.plan, name="contact_plan"),
    path("touches/<int:pk>/complete/", contact_page.complete, name="touch_complete"),
    path("touches/<int:pk>/cancel/", contact_page.cancel, name="touch_cancel"),
    # bringing in files
    path("imports/", import_job.imports, name="imports"),
    path("imports/<int:pk>/", import_job.page, name="import"),
    path("imports/<int:pk>/columns/", import_job.columns, name="import_columns"),
    path("imports/<int:pk>/answers/", import_job.answer, name="import_answer"),
    path("imports/<int:pk>/errors.csv", import_job.errors, name="import_errors"),
    *(
        path(f"imports/<int:pk>/{verb}/", import_job.act, {"verb": verb}, name=f"import_{verb}")
        for verb in ("load", "undo", "discard")
    ),
    # deals
    path("deals/new/", deal.open_deal, name="deal_open"),
    path("deals/new/alike/", deal.alike, name="deal_alike"),
    path("deals/<int:pk>/", deal_page.page, name="deal"),
    path("deals/<int:pk>/stages/<int:number>/", deal_page.stage, name="deal_stage"),
    path("deals/<int:pk>/timeline/", deal_page.timeline, name="deal_timeline"),
    path("deals/<int:pk>/move/", deal.move, name="deal_move"),
    path("deals/<int:pk>/advance/", deal.advance, name="deal_advance"),
    path("deals/<int:pk>/win/", deal.win, name="deal_win"),
    path("deals/<int:pk>/stop/", deal.stop, name="deal_stop"),
    path("deals/<int:pk>/reopen/", deal.reopen, name="deal_reopen"),
    path("deals/<int:pk>/hand-over/", deal.hand_over, name="deal_hand_over"),
    path("deals/<int:pk>/claim/", deal.claim, name="deal_claim"),
    path("deals/<int:pk>/park/", deal.park, name="deal_park"),
    path("deals/<int:pk>/edit/<slug:fact>/", deal.edit, name="deal_edit"),
    # the people of a deal, and what is to be sold
    path("deals/<int:pk>/people/", contact.add, name="deal_contact_add"),
    path("deals/<int:pk>/people/<int:contact>/", contact.role, name="deal_contact_role"),
    path("deals/<int:pk>/people/<int:contact>/remove/", contact.remove, name="deal_contact_remove"),
    path("deals/<int:pk>/lines/", deal_line.add, name="deal_line_add"),
    path("deals/<int:pk>/lines/<int:line>/", deal_line.change, name="deal_line_change"),
    path("deals/<int:pk>/lines/<int:line>/remove/", deal_line.remove, name="deal_line_remove"),
    # activities
    path("deals/<int:pk>/log/", activity.log, name="activity_log"),
    path("deals/<int:pk>/plan/", activity.plan, name="activity_plan"),
    path("activities/<int:pk>/complete/", activity.complete, name="activity_complete"),
    path("activities/<int:pk>/postpone/", activity.postpone, name="activity_postpone"),
    path("activities/<int:pk>/change/", activity.change, name="activity_change"),
    path("activities/<int:pk>/cancel/", activity.cancel, name="activity_cancel"),
    # remote pick lists
    path("companies/pick/", company.pick, name="company_pick"),
    path("contacts/pick/", contact.pick, name="contact_pick"),
    path("products/pick/", deal_line.pick, name="product_pick"),
    # people's deals
    path("people/open-deals/", people.open_deals, name="people_open_deals"),
    path("people/<int:pk>/hand-over/", people.hand_over, name="person_hand_over"),
]
