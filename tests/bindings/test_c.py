"""The library for C from a C program, on klamm-broker and on Apache Kafka (KLAMM_TEST_CLUSTER)."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
import harness  # noqa: E402


class CTest(harness.InteropTest):
    def test_every_call_from_c(self):
        cluster = harness.cluster()
        self.addCleanup(cluster.close)
        done = harness.run(os.environ.get("C_CLIENT", harness.BIN / "c_client"), cluster.bootstrap, *cluster.properties.split(), timeout=300)
        print(done.stdout.decode(), end="", flush=True)
        self.assertEqual(done.stderr, b"")  # the library says nothing by itself


if __name__ == "__main__":
    harness.main()
