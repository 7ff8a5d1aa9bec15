"""A certificate for the cells with TLS: ECDSA over P-256, as public authorities make them by default."""
import subprocess

from bench.say import Trouble

COMMAND = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
           "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


def make(stage):
    """The paths of a certificate and of its key."""
    certificate, key = stage.scratch / "certificate.pem", stage.scratch / "key.pem"
    openssl = stage.peers.require("openssl")
    # The account may write there, whichever side openssl is on.
    command, options = openssl.command(stage.account, *COMMAND, "-out", openssl.sees(certificate),
                                       "-keyout", openssl.sees(key))
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, **options)
    if done.returncode:
        raise Trouble(f"openssl failed: {done.stderr.strip()[-200:]}")
    key.chmod(0o600)
    return certificate, key
