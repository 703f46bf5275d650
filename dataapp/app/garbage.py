"""What Python's garbage collector need not look at again and again.

A full collection holds Python's lock while it looks at every object, so that all sessions stand still. Most objects of
a server are those of imported modules, which stay: to 350,000 of them a page of a dozen cells adds 20,000.
"""

import gc

_state = {"is_spared": False}


def spare_what_is_imported() -> None:
    """Leave what is there by now out of all later collections of this process; called again, do nothing.

    To be called when the first session opens: its script has imported what it needs. What a session has made by then is
    left alone, too, which costs about a megabyte, once. Objects that no cycle holds go as before.
    """
    if not _state["is_spared"]:
        _state["is_spared"] = True
        gc.freeze()
