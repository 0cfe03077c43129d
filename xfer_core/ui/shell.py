"""The frame round every page: title bar, menu, current corpus, language. Streamlit runs this file.

It does not stand beside ``pages/``: a folder of that name next to the script would wake Streamlit's older
navigation, which shows a second menu and a "page not found" on a cold deep link.
"""

import streamlit as st

from xfer_core.settings import root
from xfer_core.ui import language, navigation, pick, state
from xfer_core.ui.errors import boundary

LOGO = root() / "assets" / "logo"

st.set_page_config(page_title="Xfer Lab", page_icon=str(LOGO / "icon.png"), layout="wide")
st.logo(str(LOGO / "logo.svg"), size="large", icon_image=str(LOGO / "icon.png"))

current = st.sidebar.container()
with st.sidebar:
    language.switch()  # first, because every word after it depends on it
page = st.navigation(navigation.menu())
st.set_page_config(page_title=f"{page.title} · Xfer Lab")  # added to the above: the title needs the language
with current, boundary():
    pick.sidebar()
state.arrive(page.url_path)
with boundary():
    page.run()
