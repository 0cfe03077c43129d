"""What the pages share: language, links, waiting, pickers, errors, server. Only this room knows Streamlit."""
