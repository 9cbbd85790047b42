#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A local application in Python, without any library: examples/app.py [SOCKET [ITEM]]"""
import http.client, json, socket, sys


class Berth(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("berth", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def get(self, path):
        self.request("GET", path)
        answer = self.getresponse()
        value = json.load(answer)
        if answer.status != 200:
            sys.exit("%(error)s: %(message)s (principal %(principal)s lacks %(missing)s)" % value)
        return value


berth = Berth(sys.argv[1] if len(sys.argv) > 1 else "/run/berth/app.sock")
print("I am", berth.get("/v1/self")["principal"], "on a device that is", berth.get("/v1/device")["state"])
print(berth.get("/v1/secrets/" + (sys.argv[2] if len(sys.argv) > 2 else "app"))["text"], end="")
