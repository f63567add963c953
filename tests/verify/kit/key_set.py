# docs: from here
import json
import time
import urllib.request


class Keys:
    """A key set, kept for five minutes. A kid that it lacks fetches it again, at most every ten seconds."""

    def __init__(self, url):
        self.url, self.keys, self.fetched = url, {}, float("-inf")

    def get(self, kid):
        age = time.monotonic() - self.fetched
        if age > 300 or (kid not in self.keys and age > 10):
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                self.keys = {key["kid"]: key for key in json.load(answer)["keys"]}
            self.fetched = time.monotonic()
        return self.keys[kid]
# docs: to here
