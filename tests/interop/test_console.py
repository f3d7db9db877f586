"""Kafka's Java console tools and ours, across klamm-broker, both ways, with every codec: the same bytes arrive."""
import subprocess
import threading

import harness
from harness import CODECS, LINES, InteropTest, KlammBroker, java_tool, kafka, klamm


class ConsoleTest(InteropTest):
    @classmethod
    def setUpClass(cls):
        harness.need("java")
        cls.text = harness.real_text()
        cls.broker = KlammBroker().start()
        cls.addClassCleanup(cls.broker.close)

    def test_java_producer_to_klamm_consumer(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"java-{codec}"
                java_tool("kafka-console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                          "--compression-codec", codec, data=self.text)
                got = klamm("console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                            "--from-beginning", "--max-messages", LINES).stdout
                self.assert_same_lines(self.text, got)

    def test_klamm_producer_to_java_consumer(self):
        for codec in CODECS:
            with self.subTest(codec=codec):
                topic = f"klamm-{codec}"
                klamm("console-producer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                      "--compression-codec", codec, data=self.text)
                got = java_tool("kafka-console-consumer", "--bootstrap-server", self.broker.bootstrap, "--topic", topic,
                                "--from-beginning", "--max-messages", LINES).stdout
                self.assert_same_lines(self.text, got)


class KillTest(InteropTest):
    def test_java_producer_survives_a_broker_that_is_killed_under_it(self):
        """The broker is killed with -9 half way and started again: every line is there once, in order."""
        harness.need("java")
        text = harness.real_text()
        half = text.index(b"\n", len(text) // 2) + 1
        with KlammBroker() as broker:
            self.create_topic(broker, "killed")
            command = kafka.tool("kafka-console-producer", "--bootstrap-server", broker.bootstrap, "--topic", "killed",
                                 "--command-property", "linger.ms=5", "--command-property", "request.timeout.ms=5000")
            producer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            errors = []
            reader = threading.Thread(target=lambda: errors.append(producer.stderr.read()))
            reader.start()
            producer.stdin.write(text[:half])
            producer.stdin.flush()
            self.wait_until(lambda: self.end_offset(broker) > LINES // 10, "a tenth of the lines is stored")
            broker.kill()
            broker.start()
            producer.stdin.write(text[half:])
            producer.stdin.close()
            self.assertEqual(producer.wait(120), 0, errors)
            reader.join()
            producer.stderr.close()
            got = klamm("console-consumer", "--bootstrap-server", broker.bootstrap, "--topic", "killed",
                        "--from-beginning", "--timeout-ms", "5000", check=False).stdout
            self.assert_same_lines(text, got)

    def end_offset(self, broker):
        from_kcat = harness.run("kcat", "-b", broker.bootstrap, "-Q", "-t", "killed:0:-1").stdout.decode()
        return int(from_kcat.rsplit(" ", 1)[1])


if __name__ == "__main__":
    harness.main()
