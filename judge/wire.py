"""PostgreSQL's messages, as far as a court needs them."""
import socket
import struct

#: What one read may take.
READ_LEN = 1 << 16

PROTOCOL = 3 << 16

#: A host that is silent for so long hangs. Longer than any statement of the tests takes.
SILENCE_SECS = 120


class Closed(Exception):
    """The other side has gone."""


class Wire:
    """One side of a connection: bytes in, whole messages out."""

    def __init__(self, sock):
        self.socket = sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = bytearray()

    def fileno(self):
        """For select."""
        return self.socket.fileno()

    def send(self, data):
        """All of it."""
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Closed from error

    def fill(self):
        """One read."""
        try:
            data = self.socket.recv(READ_LEN)
        except OSError as error:
            raise Closed from error
        if not data:
            raise Closed
        self._bytes += data

    def messages(self):
        """Every message that has arrived in full: its letter and all of its bytes."""
        found, at = [], 0
        while len(self._bytes) >= at + 5:
            end = at + 1 + struct.unpack_from("!I", self._bytes, at + 1)[0]
            if len(self._bytes) < end:
                break
            found.append((self._bytes[at:at + 1].decode("latin-1"), bytes(self._bytes[at:end])))
            at = end
        del self._bytes[:at]
        return found

    def take_startup(self):
        """A message without a letter, as the first ones of a client are: its body."""
        while len(self._bytes) < 4 or len(self._bytes) < struct.unpack_from("!I", self._bytes)[0]:
            self.fill()
        end = struct.unpack_from("!I", self._bytes)[0]
        body = bytes(self._bytes[4:end])
        del self._bytes[:end]
        return body

    def close(self):
        """Ends it, whatever it is doing."""
        self.socket.close()


def connect(port):
    """A connection to a host on this machine."""
    try:
        return Wire(socket.create_connection(("127.0.0.1", port), timeout=SILENCE_SECS))
    except OSError as error:
        raise Closed from error


def startup(parameters):
    """The startup message with these parameters, a dict of bytes."""
    pairs = b"".join(name + b"\0" + value + b"\0" for name, value in parameters.items()) + b"\0"
    return struct.pack("!II", len(pairs) + 8, PROTOCOL) + pairs


def parameters(body):
    """The parameters in a startup message's body."""
    words = body[4:].rstrip(b"\0").split(b"\0")
    return dict(zip(words[::2], words[1::2]))


def query(text):
    """A Query message."""
    return b"Q" + struct.pack("!I", len(text) + 5) + text + b"\0"


def error_fields(message):
    """SQLSTATE and message of an ErrorResponse."""
    fields = {part[:1]: part[1:].decode("utf-8", "replace") for part in message[5:].split(b"\0") if part}
    return fields.get(b"C", ""), fields.get(b"M", "")


def columns(row):
    """What is in a DataRow message, as a list of bytes; None for NULL."""
    found, at = [], 7
    while at < len(row):
        length = struct.unpack_from("!i", row, at)[0]
        found.append(row[at + 4:at + 4 + length] if length >= 0 else None)
        at += 4 + max(length, 0)
    return found


class Host:
    """A session of our own on a host, which trusts us."""

    def __init__(self, port, of):
        self._wire = connect(port)
        self._wire.send(startup(of))
        self.answer()

    @classmethod
    def over(cls, wire):
        """On a connection that is there, while nobody else asks on it."""
        host = cls.__new__(cls)
        host._wire = wire
        return host

    def query(self, text):
        """All messages that answer `text`, up to ReadyForQuery."""
        self._wire.send(query(text))
        return self.answer()

    def values(self, text):
        """The first column of every row."""
        return [columns(raw)[0].decode() for letter, raw in self.query(text.encode()) if letter == "D"]

    def value(self, text):
        """The first column of the first row."""
        return self.values(text)[0]

    def answer(self):
        """Everything up to ReadyForQuery. A COPY from the client is refused."""
        answer = []
        while True:
            for letter, raw in self._wire.messages():
                answer.append((letter, raw))
                if letter == "G":
                    self._wire.send(b"f\0\0\0\x05\0")
                if letter == "Z":
                    return answer
            self._wire.fill()

    def close(self):
        """Ends the session."""
        self._wire.close()
