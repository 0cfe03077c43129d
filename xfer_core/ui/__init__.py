"""What the pages share: language, links, waiting, pickers, errors, and the server. Only this room knows Streamlit."""
