#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Answers a basic message with its own text: examples/echo.py [SOCKET]

    [principal echo]
    uid = echo
    may = message:https://didcomm.org/basicmessage/2.0/message
"""
import http.client, json, socket, sys

BASIC = "https://didcomm.org/basicmessage/2.0/message"


class Berth(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("berth", timeout=70)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, path, body=None):
        self.request("GET" if body is None else "POST", path, body and json.dumps(body))
        answer = self.getresponse()
        value = json.load(answer)
        if answer.status != 200:
            sys.exit("%(error)s: %(message)s" % value)
        return value


berth = Berth(sys.argv[1] if len(sys.argv) > 1 else "/run/berth/app.sock")
while True:
    for m in berth.ask("/v1/messages?wait=55"):
        # A restart between these two answers once more: what must not happen twice
        # is remembered by m["from"] and m["id"].
        # Only the first of a thread: two of these would answer each other for ever.
        if m["type"] == BASIC and m["thid"] == m["id"]:
            berth.ask("/v1/messages", {"to": m["from"], "type": BASIC, "thid": m["thid"], "body": m["body"]})
        berth.ask("/v1/messages/ack", {"upTo": m["seq"]})
