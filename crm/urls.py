from django.urls import path

from crm.views import (
    activity,
    board,
    company,
    contact,
    deal,
    deal_line,
    deal_page,
    people,
    search,
)

app_name = "crm"
urlpatterns = [
    path("board/", board.board, name="board"),
    path("board/column/", board.column, name="board_column"),
    path("search/", search.find, name="search"),
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
