"""Checks deliveries with the official library of Standard Webhooks and with Python's own HMAC; a changed one must fail."""

import base64
import hashlib
import hmac
import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

deliveries = json.load(sys.stdin)
for delivery in deliveries:
    secret, headers = delivery["secret"], delivery["headers"]
    body = base64.b64decode(delivery["body"])
    webhook = Webhook(secret if secret.startswith("whsec_") else secret.encode())
    assert webhook.verify(body, headers) == json.loads(body)

    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-libreqos-signature"] == f"sha256={digest}", headers

    changed = body.replace(b'"source"', b'"sourcf"')
    later = headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}
    renamed = headers | {"webhook-id": headers["webhook-id"] + "0"}
    for bad_body, bad_headers in [(changed, headers), (body, later), (body, renamed)]:
        try:
            webhook.verify(bad_body, bad_headers)
        except WebhookVerificationError:
            continue
        sys.exit("a changed delivery passes")
print(len(deliveries))
