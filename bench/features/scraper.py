"""Reads a metrics port again and again, as Prometheus does."""
import threading
import urllib.request

from bench.say import Trouble

PAUSE_SECS, LIMIT_SECS = 1, 5


class Scraper:
    """Reads until it is stopped; without a port it does nothing."""

    def __init__(self, port):
        self._ending, self._trouble = threading.Event(), None
        self._thread = threading.Thread(target=self._run, args=(port,))
        if port:
            self._thread.start()

    def stop(self):
        """Ends it; a port that could not be read spoils the measurement."""
        self._ending.set()
        if self._thread.ident:
            self._thread.join()
        if self._trouble:
            raise Trouble(f"the metrics cannot be read: {self._trouble}")

    def _run(self, port):
        try:
            while True:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT_SECS) as answer:
                    answer.read()
                if self._ending.wait(PAUSE_SECS):
                    return
        except OSError as error:
            self._trouble = error
