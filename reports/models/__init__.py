from reports.models.page_look import LookedAt, PageLook

__all__ = ["LookedAt", "PageLook"]
