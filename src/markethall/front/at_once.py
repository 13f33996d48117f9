"""What front answers without a task for each request: products that are in the cache, out of its memory; and orders,
which are refused at once, or answered when the outcome of their batch comes.

All other requests are the entrance's.
"""

from markethall.front.admission import Admission
from markethall.front.checkout import ORDERS, Checkout
from markethall.front.products import Products, is_product_read
from markethall.front.routes import segments_of, template
from markethall.kit.asgi import Later, Reply, Scope, Tell
from markethall.kit.http_exchange import Prepared


class AtOnce:
    def __init__(self, admission: Admission, products: Products, checkout: Checkout) -> None:
        self._admission = admission
        self._products = products
        self._checkout = checkout

    def __call__(self, scope: Scope, tell: Tell) -> Reply | Prepared | Later | None:
        """
        Raises:
            Problem: it is refused.
        """
        method = scope["method"]
        if method == "POST":
            if scope["raw_path"] != ORDERS:
                return None
            self._admission(scope)
            scope["path_template"] = "/api/orders"
            return self._checkout.at_once(scope, tell)
        if method != "GET":
            return None
        self._admission(scope)
        segments = segments_of(scope["raw_path"])
        if segments is None or segments[:1] != ("api",) or not is_product_read(method, segments):
            return None
        scope["path_template"] = template(segments)
        return self._products.at_once(scope, segments)
