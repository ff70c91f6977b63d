"""Every page by its path. Add one: its module here, and its name in the line below."""

from dashboards.card import Page
from dashboards.pages import overview, regions, topics

PAGES: dict[str, Page] = {page.path: page for page in (overview.PAGE, regions.PAGE, *topics.PAGES)}
