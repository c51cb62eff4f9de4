"""A network that is not on this machine yet: fetched while one watches, or brought on a stick."""

import streamlit as st

from core import installation
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import all_backbones
from core.backbones.weights import weights
from core.errors import UserError
from pages.parts.shared import state, words


def wanting(backbone: Backbone) -> str:
    """What a network that is not here takes, in a few words."""
    size = backbone.download_bytes()
    return f"{words.size(size)} to download" if size else "its folder is gone"


def offer(backbone: Backbone, *, head: bool = False) -> None:
    """A button that downloads it now, and what to do without internet.

    Args:
        backbone: One that is not here.
        head: The whole network with ImageNet's 1000 classes.
    """
    if not backbone.download_bytes(head=head):
        st.info(  # no page can bring it
            "The folder with this module is not on this computer any more. Whoever runs Thaw puts "
            "it back.",
            icon=":material/folder_off:",
        )
        return
    size = words.size(backbone.download_bytes(head=head))
    key = state.key("fetch", backbone.name, backbone.alpha, head)
    source = (backbone.head if head else backbone.weights) or backbone.weights
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(f"Download it now ({size})", icon=":material/download:", key=key):
            _fetch(backbone, size, head)
        with st.popover("No internet here?", icon=":material/usb:", type="tertiary"):
            _by_stick(backbone, head)
    first = "" if head else "**Download it to train with it.** "
    st.caption(f"{first}It comes from {source.origin}, once, and stays on this computer.")


def _fetch(backbone: Backbone, size: str, head: bool) -> None:
    bar = st.progress(0.0, text=f"Asking for {backbone.title}…")

    def report(done: int, total: int) -> None:
        bar.progress(min(done / total, 1.0) if total else 0.0, text=f"{words.size(done)} of {size}")

    try:
        # Whoever closes the page ends it, and nothing half is left behind.
        weights.obtain(backbone, report, head=head)
    except UserError as error:
        bar.empty()
        st.error(words.plain(str(error)), icon=":material/cloud_off:")
    except OSError as error:
        bar.empty()
        st.error(f"It could not be written to the disk: {error.strerror}.", icon=":material/error:")
    else:
        st.rerun()


def _by_stick(backbone: Backbone, head: bool) -> None:
    ready = [each.title for each in all_backbones().values() if weights.ready_offline(each)]
    st.write(f"Ready without internet: **{words.comma([words.plain(title) for title in ready])}**.")
    st.write("To bring this one, put a stick into a computer with internet and Thaw, and type:")
    fetch = f"{installation.python()} -m core backbones --fetch {backbone.name}"
    width = f" --alpha {backbone.alpha:g}" if backbone.widths else ""
    classes = " --with-classes" if head else ""
    st.code(f"{fetch}{width}{classes} --to STICK", language=None, wrap_lines=True)
    st.write("Then put the stick into this one, and start Thaw with:")
    st.code(installation.start("THAW_WEIGHTS", "STICK"), language=None, wrap_lines=True)
    st.caption(f"{words.plain(weights.STICK)}.")
