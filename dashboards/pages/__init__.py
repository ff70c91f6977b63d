"""Every page by its path. Add one: its module here, and its name in the line below."""

from dashboards.card import Page
from dashboards.pages import overview, regions

PAGES: dict[str, Page] = {module.PAGE.path: module.PAGE for module in (overview, regions)}
