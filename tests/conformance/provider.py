"""Tokens of joserfc, for provider.js: python provider.py CLAIMS

Prints a new key, and a token for each name that Ed25519 has.
"""

import importlib.metadata
import json
import sys

from joserfc import jwt
from joserfc.jwk import OKPKey

claims = json.loads(sys.argv[1])
key = OKPKey.generate_key("Ed25519", {"kid": "joserfc", "use": "sig"})
tokens = [jwt.encode({"alg": name, "kid": "joserfc"}, claims, key, algorithms=[name]) for name in ("Ed25519", "EdDSA")]
print(json.dumps({"keys": [key.as_dict(private=False)], "tokens": tokens, "version": importlib.metadata.version("joserfc")}))
