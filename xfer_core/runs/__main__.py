from xfer_core.runs.queue import tick

tick()
