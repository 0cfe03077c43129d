"""How a component finds its script.

Streamlit sends a component's inline script again with every rerun and every instance (200 kB of code:
201 kB a rerun). So the inline script is a stub that imports the real module from the app's ``/web`` folder,
where the browser keeps it. The hash in the address changes with any of these scripts, for they import one
another with the hash that they were themselves asked for with.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from xfer_core.files import fingerprint
from xfer_core.settings import root

# The address is relative to the page, so that it holds below a base path too. Data of a later run may arrive
# before the module does; a module that could not be fetched is asked for again at the next run.
_STUB = """
let module
const gone = new WeakSet()
export default function (component) {
  const { parentElement } = component
  let end
  gone.delete(parentElement)
  module ??= import(new URL("web/%(name)s.js?v=%(hash)s", document.baseURI))
  module.then(
    (loaded) => { if (!gone.has(parentElement)) end = loaded.default(component) },
    (error) => { module = undefined; console.warn("Xfer Lab:", error.message) },
  )
  return () => { gone.add(parentElement); end?.() }
}
"""


def component(name: str) -> Any:
    """The mount call of the component drawn by ``assets/web/NAME.js``; call once, at import of its wrapper.

    The module's default export is a Streamlit v2 component: called with ``{data, parentElement,
    setStateValue, setTriggerValue}`` at each change of data or theme, it returns the clean-up that
    unmounting calls.
    """
    scripts = sorted((root() / "assets" / "web").glob("*.js"))
    version = fingerprint(*(script.read_bytes() for script in scripts))
    return st.components.v2.component(f"xfer_{name}", js=_STUB % {"name": name, "hash": version})
