"""A client of PostgreSQL's protocol that can do little, and whose own cost is small: simple queries, trust."""
import socket
import struct

from bench.say import Trouble

#: No answer takes longer, unless something hangs.
ANSWER_SECS = 30


class Wire:
    """One session of user bench in database bench."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), ANSWER_SECS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._input = self._socket.makefile("rb")
        startup = struct.pack("!i", 3 << 16) + b"user\0bench\0database\0bench\0\0"
        self._socket.sendall(struct.pack("!i", len(startup) + 4) + startup)
        self._until_ready()

    def value(self, sql):
        """The last value of the last row, as bytes; None if there is none."""
        text = sql.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
        return self._until_ready()

    def close(self):
        """Says goodbye."""
        self._socket.sendall(b"X\0\0\0\4")
        self._input.close()
        self._socket.close()

    def _until_ready(self):
        value = None
        while True:
            head = self._input.read(5)
            if len(head) < 5:
                raise Trouble("the connection ended")
            body = self._input.read(struct.unpack("!i", head[1:])[0] - 4)
            match head[:1]:
                case b"Z":
                    return value
                case b"D":
                    value = _last_column(body)
                case b"E":
                    raise Trouble(f"an error: {body.replace(bytes(1), b' ').decode(errors='replace')}")
                case b"R" if body != bytes(4):
                    raise Trouble("the probe can log in by trust only")


def _last_column(body):
    place, value = 2, None
    while place < len(body):
        length = struct.unpack_from("!i", body, place)[0]
        place += 4
        value = body[place:place + length] if length >= 0 else None
        place += max(length, 0)
    return value
