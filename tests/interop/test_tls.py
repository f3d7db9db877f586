"""TLS in all pairings: Java's tools, kcat and ours over TLS against klamm-broker, ours against Apache Kafka, both brokers
with the same properties; and one clear error for everything that can be wrong with certificates and protocols."""
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import harness
from harness import BIN, InteropTest, KafkaBroker, KlammBroker, java_tool, kafka, klamm, run

LINES = 500
SOON = 15  # seconds in which a tool must have given up: far below its 60 s of trying again

# What each listener has beside a certificate that is right: keys behind listener.name.<name>. of both brokers.
LISTENERS = {
    "OPEN": {},
    "MUTUAL": {"ssl.client.auth": "required"},
    "ASKING": {"ssl.client.auth": "requested"},
    "OLD": {"ssl.enabled.protocols": "TLSv1.2"},
    "NEW": {"ssl.enabled.protocols": "TLSv1.3"},
    "OLDMUTUAL": {"ssl.enabled.protocols": "TLSv1.2", "ssl.client.auth": "required"},
    "EXPIRED": {"ssl.keystore.location": "expired.pem"},
    "SELFSIGNED": {"ssl.keystore.location": "self-signed.pem"},
    "WRONGNAME": {"ssl.keystore.location": "wrong-name.pem"},
}


class Secure:
    """Certificates in a folder, and the properties that brokers and clients have for them."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="klamm-tls-"))
        run(BIN / "klamm-test-certificates", self.folder)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return str(self.folder / name)

    def broker(self, ports, plain):
        """PLAINTEXT first: brokers talk among themselves by it."""
        names = list(LISTENERS)
        lines = {"ssl.keystore.type": "PEM", "ssl.keystore.location": self.path("server.pem"),
                 "ssl.truststore.type": "PEM", "ssl.truststore.location": self.path("ca.pem"),
                 "inter.broker.listener.name": "PLAINTEXT",
                 "listener.security.protocol.map": ",".join(["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", *(f"{name}:SSL" for name in names)]),
                 "listeners": ",".join([plain, *(f"{name}://127.0.0.1:{ports[name]}" for name in names)]),
                 # A name, so that host names are checked by it too.
                 "advertised.listeners": ",".join([plain.split(",")[0], *(f"{name}://localhost:{ports[name]}" for name in names)])}
        for name, keys in LISTENERS.items():
            for key, value in keys.items():
                lines[f"listener.name.{name.lower()}.{key}"] = self.path(value) if value.endswith(".pem") else value
        return lines

    def client(self, **more):
        """A properties file; names of keys with '_' for '.', values None are left out."""
        lines = {"security.protocol": "SSL", "ssl.truststore.type": "PEM", "ssl.truststore.location": self.path("ca.pem")}
        for key, value in more.items():
            lines[key.replace("_", ".")] = value
        text = "".join(f"{key}={value}\n" for key, value in lines.items() if value is not None)
        file = self.folder / f"client-{abs(hash(text))}.properties"
        file.write_text(text)
        return str(file)

    def known(self, store="client.pem", **more):
        return self.client(ssl_keystore_type="PEM", ssl_keystore_location=self.path(store), **more)


class TlsBroker(KlammBroker):
    def __init__(self, secure):
        super().__init__("--log-requests")
        self.ports = dict(zip(LISTENERS, kafka.free_ports(len(LISTENERS))))
        self.lines = secure.broker(self.ports, "PLAINTEXT://127.0.0.1:0")

    def where(self):
        return [word for key, value in self.lines.items() for word in ("--override", f"{key}={value}")]

    def at(self, listener):
        return f"localhost:{self.ports[listener]}"


class TlsKafka(KafkaBroker):
    def __init__(self, secure):
        self.tls_ports = dict(zip(LISTENERS, kafka.free_ports(len(LISTENERS))))
        super().__init__("tls-run", more=lambda node: "".join(f"{key}={value}\n" for key, value in secure.broker(
            self.tls_ports, f"PLAINTEXT://127.0.0.1:{self.ports[0]},CONTROLLER://127.0.0.1:{self.controller_ports[0]}").items()))

    def at(self, listener):
        return f"localhost:{self.tls_ports[listener]}"


class TlsTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        cls.secure = Secure()
        cls.addClassCleanup(cls.secure.close)
        cls.text = harness.real_text(LINES)

    def round_trip(self, produce, consume, topics, broker, listener, config, topic):
        topics("--bootstrap-server", broker.at(listener), "--command-config", config, "--create", "--topic", topic)
        produce("--bootstrap-server", broker.at(listener), "--command-config", config, "--topic", topic, data=self.text)
        got = consume("--bootstrap-server", broker.at(listener), "--command-config", config, "--topic", topic, "--from-beginning",
                      "--max-messages", LINES).stdout
        self.assert_same_lines(self.text, got)

    def ours(self, broker, listener, config, topic):
        self.round_trip(*(lambda *args, name=name, **how: klamm(name, *args, **how) for name in ("console-producer", "console-consumer", "topics")),
                        broker, listener, config, topic)

    def javas(self, broker, listener, config, topic):
        self.round_trip(*(lambda *args, name=name, **how: java_tool(name, *args, **how)
                          for name in ("kafka-console-producer", "kafka-console-consumer", "kafka-topics")), broker, listener, config, topic)

    def refusals(self, broker):
        """What a client is told by our library; the broker is of either make."""
        client, known = self.secure.client, self.secure.known
        return [
            ("EXPIRED", client(), r"the certificate of the broker \(CN=localhost,O=Klamm\) expired on "),
            ("SELFSIGNED", client(), r"the certificate of the broker \(CN=localhost,O=Klamm\) is self-signed and not in the trust store"),
            ("WRONGNAME", client(), r"is for elsewhere.example, 192.0.2.7 and not for this host"),
            ("OPEN", client(ssl_truststore_location=self.secure.path("stranger.pem")),
             r"issued by CN=Klamm test CA,O=Klamm, which the trust store does not have"),
            ("OPEN", client(ssl_truststore_type=None, ssl_truststore_location=None), r"which the trust store does not have"),
            ("MUTUAL", client(), r"the broker demands a certificate of the client .*ssl.keystore.location"),
            ("OLDMUTUAL", client(), r"the broker demands a certificate of the client .*ssl.keystore.location"),
            ("MUTUAL", known("strange-client.pem"), r"the broker (refuses the certificate in our key store|demands a certificate)"),
            ("OLDMUTUAL", known("strange-client.pem"), r"the broker (refuses the certificate in our key store|demands a certificate|found no)"),
            ("OLD", client(ssl_enabled_protocols="TLSv1.3"), r"ssl.enabled.protocols"),
            ("NEW", client(ssl_enabled_protocols="TLSv1.2"), r"ssl.enabled.protocols"),
            ("OPEN", client(security_protocol="PLAINTEXT"), r"answers with TLS: set security.protocol=SSL"),
        ]

    def check_refusals(self, broker):
        for listener, config, pattern in self.refusals(broker):
            for tool in ("topics", "console-producer", "console-consumer"):
                with self.subTest(listener=listener, config=pathlib.Path(config).read_text(), tool=tool):
                    begin = time.monotonic()
                    what = ["--list"] if tool == "topics" else ["--topic", "refused"]
                    done = klamm(tool, "--bootstrap-server", broker.at(listener), "--command-config", config, *what, data=b"line\n", check=False)
                    text = done.stderr.decode()
                    self.assertNotEqual(done.returncode, 0)
                    self.assertLess(time.monotonic() - begin, SOON)
                    self.assertRegex(text, pattern)
                    self.assertIn(f"localhost:{broker.at(listener).split(':')[1]}", text)
                    told = [line for line in text.splitlines() if re.search(pattern, line)]
                    self.assertLessEqual(len(told), 5, f"the same over and over:\n{text}")


class KlammBrokerOverTls(TlsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = TlsBroker(cls.secure)
        cls.addClassCleanup(cls.broker.close)
        cls.broker.start()

    def lines_of(self, listener):
        return [line for line in self.broker.log_text().splitlines() if f"on listener {listener}: " in line]

    def test_our_tools(self):
        for listener, config in {"OPEN": self.secure.client(), "MUTUAL": self.secure.known(), "ASKING": self.secure.client(),
                                 "OLD": self.secure.client(), "NEW": self.secure.client(), "OLDMUTUAL": self.secure.known()}.items():
            with self.subTest(listener=listener):
                self.ours(self.broker, listener, config, f"ours-{listener}")
        known = self.secure.known()
        klamm("console-consumer", "--bootstrap-server", self.broker.at("MUTUAL"), "--command-config", known, "--topic", "ours-MUTUAL",
              "--group", "g", "--from-beginning", "--max-messages", LINES)
        described = klamm("consumer-groups", "--bootstrap-server", self.broker.at("MUTUAL"), "--command-config", known, "--describe",
                          "--group", "g").stdout.decode()
        self.assertRegex(described, rf"g +ours-MUTUAL +0 +{LINES} +{LINES} +0")

    def test_java_tools(self):
        harness.need("java")
        for listener, config in {"OPEN": self.secure.client(), "MUTUAL": self.secure.known(), "OLD": self.secure.client(ssl_enabled_protocols="TLSv1.2"),
                                 "NEW": self.secure.client(ssl_enabled_protocols="TLSv1.3")}.items():
            with self.subTest(listener=listener):
                self.javas(self.broker, listener, config, f"java-{listener}")

    def test_kcat(self):
        harness.need("kcat")
        options = ["-X", "security.protocol=ssl", "-X", f"ssl.ca.location={self.secure.path('ca.pem')}"]
        own = ["-X", f"ssl.certificate.location={self.secure.path('client.pem')}", "-X", f"ssl.key.location={self.secure.path('client.pem')}"]
        text = re.sub(rb"\n+", b"\n", self.text)  # kcat sends no empty lines
        for listener, more in {"OPEN": [], "MUTUAL": own, "OLD": []}.items():
            with self.subTest(listener=listener):
                topic = f"kcat-{listener}"
                to = ["kcat", "-b", self.broker.at(listener), *options, *more, "-t", topic]
                run(*to, "-P", data=text)
                self.assert_same_lines(text, run(*to, "-C", "-e", "-q", "-o", "beginning").stdout)

    def test_the_principal_is_the_name_in_the_certificate(self):
        klamm("topics", "--bootstrap-server", self.broker.at("ASKING"), "--command-config", self.secure.known(), "--list")
        self.assertIn(" principal=User:CN=client,O=Klamm ", self.broker.log_text())

    def test_a_key_with_a_password(self):
        list_topics = ["topics", "--bootstrap-server", self.broker.at("MUTUAL"), "--list", "--command-config"]
        klamm(*list_topics, self.secure.known("client-encrypted.pem", ssl_key_password="secret"))
        for password, advice in (("wrong", "is ssl.key.password right?"), (None, "set ssl.key.password")):
            done = klamm(*list_topics, self.secure.known("client-encrypted.pem", ssl_key_password=password), check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(advice, done.stderr.decode())

    def test_stores_of_java_are_told_how_to_become_pem(self):
        for store in ("truststore", "keystore"):
            done = klamm("topics", "--bootstrap-server", self.broker.at("OPEN"), "--list", "--command-config",
                         self.secure.client(**{f"ssl_{store}_location": "/somewhere/client.jks", f"ssl_{store}_password": "changeit", f"ssl_{store}_type": "JKS"}),
                         check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"ssl.{store}.type is JKS: only PEM is read here", done.stderr.decode())
            self.assertIn("openssl pkcs12", done.stderr.decode())
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_one_clear_error_for_what_is_wrong(self):
        self.check_refusals(self.broker)

    def test_the_broker_tells_in_one_line_why_a_client_was_refused(self):
        client = self.secure.client
        for listener, config, pattern in [
            ("EXPIRED", client(), "the client refuses the certificate of this broker"),
            ("MUTUAL", client(), "the client showed no certificate, and ssl.client.auth is required"),
            ("MUTUAL", self.secure.known("strange-client.pem"), r"the certificate of the client \(CN=client,O=Klamm\) was issued by CN=Another CA"),
            ("OLD", client(ssl_enabled_protocols="TLSv1.3"), "ssl.enabled.protocols"),
            ("NEW", client(ssl_enabled_protocols="TLSv1.2"), "ssl.enabled.protocols"),
            ("OPEN", client(security_protocol="PLAINTEXT"), "the client talks plain text on a TLS listener"),
        ]:
            with self.subTest(listener=listener, pattern=pattern):
                time.sleep(1.1)  # what remote parties cause is cut at 20 lines in a second
                before = len(self.lines_of(listener))
                klamm("topics", "--bootstrap-server", self.broker.at(listener), "--command-config", config, "--list", check=False)
                self.wait_until(lambda: len(self.lines_of(listener)) > before, "a line in the broker's log")
                lines = self.lines_of(listener)[before:]
                self.assertRegex(lines[0], pattern)
                self.assertLessEqual(len(lines), 3, "one line for each attempt, and few of them")

    def test_tls_on_a_plain_port(self):
        begin = time.monotonic()
        done = klamm("topics", "--bootstrap-server", self.broker.bootstrap, "--command-config",
                     self.secure.client(default_api_timeout_ms=3000, request_timeout_ms=2000), "--list", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertLess(time.monotonic() - begin, SOON)
        self.assertIn("does this port speak TLS?", done.stderr.decode())
        lines = self.lines_of("PLAINTEXT")
        self.assertTrue(any("the peer speaks TLS on a port for plain text" in line for line in lines), lines)
        self.assertLess(len(lines), 20, "no storm of attempts")

    def test_javas_client_is_told_why(self):
        harness.need("java")
        for listener in ("EXPIRED", "MUTUAL"):
            done = java_tool("kafka-topics", "--bootstrap-server", self.broker.at(listener), "--command-config", self.secure.client(), "--list", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("SslAuthenticationException", (done.stdout + done.stderr).decode())

    def test_a_silent_client_holds_up_nobody(self):
        port = self.broker.ports["OPEN"]
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        silent[0].sendall(b"\x16\x03\x01")
        klamm("topics", "--bootstrap-server", self.broker.at("OPEN"), "--command-config", self.secure.client(), "--list", timeout=SOON)
        for one in silent:
            one.close()


class KlammBrokerStart(TlsTest):
    """What is wrong in the broker's own configuration is said at once, in one line."""

    def refused(self, **overrides):
        lines = {"listeners": "SSL://127.0.0.1:0", "ssl.keystore.type": "PEM", "ssl.keystore.location": self.secure.path("server.pem")}
        lines.update({key.replace("_", "."): value for key, value in overrides.items()})
        words = [word for key, value in lines.items() if value is not None for word in ("--override", f"{key}={value}")]
        done = run(BIN / "klamm-broker", *words, check=False, timeout=SOON)
        self.assertEqual(done.returncode, 1)
        last = done.stderr.decode().splitlines()[-1]
        return last

    def test_refusals(self):
        self.assertIn("a TLS listener needs a certificate", self.refused(ssl_keystore_location=None))
        self.assertIn("only PEM is read here", self.refused(ssl_keystore_type="PKCS12"))
        self.assertIn("cannot read /nowhere.pem", self.refused(ssl_keystore_location="/nowhere.pem"))
        self.assertIn("no readable private key", self.refused(ssl_keystore_location=self.secure.path("ca.pem")))
        self.assertIn("ssl.client.auth", self.refused(ssl_client_auth="maybe"))
        self.assertIn("no such cipher suite", self.refused(ssl_cipher_suites="TLS_NONE"))
        self.assertIn("security.inter.broker.protocol", self.refused(security_inter_broker_protocol="PLAINTEXT"))


class ApacheKafkaOverTls(TlsTest):
    @classmethod
    def setUpClass(cls):
        harness.need("java")
        super().setUpClass()
        cls.broker = TlsKafka(cls.secure)
        cls.addClassCleanup(cls.broker.stop)
        cls.broker.start()

    def test_our_tools(self):
        for listener, config in {"OPEN": self.secure.client(), "MUTUAL": self.secure.known(), "ASKING": self.secure.client(),
                                 "OLD": self.secure.client(), "NEW": self.secure.client(), "OLDMUTUAL": self.secure.known()}.items():
            with self.subTest(listener=listener):
                self.ours(self.broker, listener, config, f"ours-{listener}")

    def test_one_clear_error_for_what_is_wrong(self):
        self.check_refusals(self.broker)


if __name__ == "__main__":
    harness.main()
