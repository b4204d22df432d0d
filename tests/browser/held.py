"""Requests that are held up until a test lets them go."""

import re

from playwright.sync_api import Page, Route


class Held:
    """Each request to an address of this kind waits for `release`, or to be let go one by one."""

    def __init__(self, page: Page, address: str | re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self._is_open = False
        page.route(address, lambda route: self._take(route))

    def _take(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def release(self) -> None:
        self._is_open = True
        for route in self.routes:
            route.continue_()
