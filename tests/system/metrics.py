"""A daemon's metrics as Prometheus gets them: asked for over HTTP from inside the namespace, and understood."""

import http.client
import socket
import subprocess

from prometheus_client.parser import text_string_to_metric_families

PORT = 9465


def connect(namespace, port=PORT):
    connection = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    return connection


def get(namespace, path="/metrics", port=PORT):
    """(status, headers, text)"""
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.sock = connect(namespace, port)
    try:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        client.close()


def promtool(*arguments, text=None):
    """What promtool has to complain about; nothing if it is content."""
    result = subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, check=False)
    complaints = result.stdout + result.stderr
    return complaints if result.returncode != 0 or arguments[1] == "metrics" else ""


class Scrape:
    def __init__(self, namespace, port=PORT):
        status, headers, self.text = get(namespace, port=port)
        assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        self.families = list(text_string_to_metric_families(self.text))
        self.samples = [sample for family in self.families for sample in family.samples]

    def named(self, series):
        """[(labels, value), …]"""
        return [(sample.labels, sample.value) for sample in self.samples if sample.name == series]

    def value(self, series, **labels):
        """The one value of a series that has these labels, perhaps among others."""
        (found,) = [value for has, value in self.named(series) if labels.items() <= has.items()]
        return found

    def counters(self):
        """{(name, labels): value} of all that must never go back."""
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in self.families
            if family.type == "counter"
            for sample in family.samples
        }
