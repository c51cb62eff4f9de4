"""Lines that ask a network, ready to paste. They need nothing that is not installed already."""

_PYTHON = """import json, urllib.request

request = urllib.request.Request(
    {address!r},
    data=open("picture.jpg", "rb").read(),
    headers={{"Authorization": "Bearer {token}", "Content-Type": "application/octet-stream"}},
)
with urllib.request.urlopen(request) as answer:
    said = json.load(answer)
print(said["label"], said["confidence"], said["known"])
"""


def curl(address: str, token: str) -> str:
    """A line for a shell.

    Args:
        address: What the routes lie under, with a slash at its end.
        token: What the network asks for.
    """
    return f"curl {address}predict -H 'Authorization: Bearer {token}' -F image=@picture.jpg"


def python(address: str, token: str) -> str:
    """The same as a Python script.

    Args:
        address: What the routes lie under, with a slash at its end.
        token: What the network asks for.
    """
    return _PYTHON.format(address=f"{address}predict", token=token)
