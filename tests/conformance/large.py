"""A body that is too large, by urllib, requests and httpx: python large.py http://127.0.0.1:8080/graphql

Each client reads 413 although it is still writing.
"""

import json
import sys
import urllib.error
import urllib.request

import httpx
import requests

(url,) = sys.argv[1:]
headers = {"Content-Type": "application/json"}


def by_urllib(body):
    try:
        urllib.request.urlopen(urllib.request.Request(url, body, headers))
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    raise AssertionError("not refused")


def by_requests(body):
    response = requests.post(url, data=body, headers=headers)
    return response.status_code, response.json()


def by_httpx(body):
    response = httpx.post(url, content=body, headers=headers)
    return response.status_code, response.json()


for megabytes in [0.3, 1, 5, 20]:
    padding = "x" * int(megabytes * 1_000_000)
    body = json.dumps({"query": "{ __typename }", "variables": {"padding": padding}}).encode()
    for post in [by_urllib, by_requests, by_httpx]:
        for _ in range(10):
            status, answer = post(body)
            assert (status, answer["errors"][0]["extensions"]["code"]) == (413, "BODY_TOO_LARGE"), (post, megabytes, answer)
print("urllib, requests and httpx: read that a body is too large, at 0.3, 1, 5 and 20 MB.")
