"""What Streamlit runs for every view: the steps, then the page that was asked for."""

from pages.parts.shared import rail

# A separate script in the folder of the screens: Streamlit takes a folder `pages` beside its
# script for an older kind of app (`PagesManager.uses_pages_directory`), and would open the first
# deep link after a start without the steps.
rail.draw()
