"""What Streamlit runs for every view: the steps, then the page that was asked for."""

from pages.parts.shared import rail

rail.draw()
