"""What browsers are to let a page do that has words, one style sheet, and nothing that runs."""

from base64 import b64encode
from hashlib import sha256


def headers(style: str, *, forms: str = "'none'") -> dict[str, str]:
    """Its headers.

    Args:
        style: The style sheet, as the page has it.
        forms: Where its forms may be sent, as a Content-Security-Policy says it.
    """
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; "
        f"img-src data:; form-action {forms}; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
