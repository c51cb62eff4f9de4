"""A network that is not on this machine yet: downloaded now, or brought on a USB stick."""

import streamlit as st

from core import installation
from core.backbones.catalogue.backbone import Backbone
from core.backbones.catalogue.rows import all_backbones
from core.backbones.weights import weights
from core.errors import UserError
from pages.parts.shared import state, words
from pages.parts.shared.words import say


def wanting(backbone: Backbone) -> str:
    """What a network that is not here needs, in a few words."""
    size = backbone.download_bytes()
    if size:
        return say("{size} to download", size=words.size(size))
    return say("its folder is gone")


def offer(backbone: Backbone, *, head: bool = False) -> None:
    """A button that downloads it now, and what to do without internet.

    Args:
        backbone: A network that is not here.
        head: The whole network with ImageNet's 1000 classes.
    """
    if not backbone.download_bytes(head=head):
        st.info(  # no page can bring it
            say(
                "The folder with this module is no longer on this computer. The person who runs "
                "Thaw can put it back."
            ),
            icon=":material/folder_off:",
        )
        return
    size = words.size(backbone.download_bytes(head=head))
    key = state.key("fetch", backbone.name, backbone.alpha, head)
    source = (backbone.head if head else backbone.weights) or backbone.weights
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            say("Download it now ({size})", size=size), icon=":material/download:", key=key
        ):
            _fetch(backbone, size, head)
        with st.popover(say("No internet here?"), icon=":material/usb:", type="tertiary"):
            _by_stick(backbone, head)
    text = say(
        "It is downloaded once from {origin} and stays on this computer.", origin=source.origin
    )
    st.caption(text if head else f"**{say('Download it to train with it.')}** {text}")


def _fetch(backbone: Backbone, size: str, head: bool) -> None:
    bar = st.progress(0.0, text=say("Requesting {name}…", name=backbone.title))

    def report(done: int, total: int) -> None:
        bar.progress(
            min(done / total, 1.0) if total else 0.0,
            text=say("{done} of {total}", done=words.size(done), total=size),
        )

    try:
        # Closing the page cancels it and leaves nothing behind.
        weights.obtain(backbone, report, head=head)
    except UserError as error:
        bar.empty()
        st.error(words.plain(error.said), icon=":material/cloud_off:")
    except OSError as error:
        bar.empty()
        text = say("It could not be written to the disk: {reason}.", reason=error.strerror)
        st.error(text, icon=":material/error:")
    else:
        st.rerun()


def _by_stick(backbone: Backbone, head: bool) -> None:
    ready = [each.title for each in all_backbones().values() if weights.ready_offline(each)]
    names = words.comma([words.plain(title) for title in ready])
    st.write(say("Ready without internet: **{names}**.", names=names))
    st.write(
        say("To bring this one, plug a USB stick into a computer with internet and Thaw, and type:")
    )
    fetch = f"{installation.python()} -m core backbones --fetch {backbone.name}"
    width = f" --alpha {backbone.alpha:g}" if backbone.widths else ""
    classes = " --with-classes" if head else ""
    st.code(f"{fetch}{width}{classes} --to STICK", language=None, wrap_lines=True)
    st.write(say("Then plug the stick into this computer and start Thaw with:"))
    st.code(installation.start("THAW_WEIGHTS", "STICK"), language=None, wrap_lines=True)
    st.caption(words.plain(weights.STICK))
