#!/usr/bin/env python3
"""A real Apache Kafka beside Klamm: its jars from Maven Central, its broker, its tools.

usage: kafka.py jars                     fetch the jars, print their folder
       kafka.py up [NODES] [--home DIR]  start NODES combined nodes (default 1); the first listens on 127.0.0.1:19092
       kafka.py down [--home DIR]        stop them and remove their data
       kafka.py kill NODE [--home DIR]   kill -9 one of them
       kafka.py start NODE [--home DIR]  start it again on its folder and port
       kafka.py tool NAME ARGS...        run one of Kafka's tools by the name of its script, e.g. kafka-topics --list

With --home a cluster has its folder DIR and free ports; DIR/bootstrap tells clients where it listens.
"""
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
HOME = ROOT / "build" / "peers" / "kafka"
LIBS = HOME / "libs"
BASE_PORT = 19092

TOOLS = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-features": "org.apache.kafka.tools.FeatureCommand",
    "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
    "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
    "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
    "kafka-metadata-shell": "org.apache.kafka.shell.MetadataShell",
}

LOG_CONFIG = """rootLogger.level=WARN
rootLogger.appenderRefs=c
rootLogger.appenderRef.c.ref=C
appender.c.type=Console
appender.c.name=C
appender.c.target={target}
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d %p %m (%c{{1}})%n
logger.k.name=kafka.server.KafkaRaftServer
logger.k.level=INFO
"""


def jars():
    """Fetches Kafka's jars once; a marker says that they came whole."""
    marker = LIBS / ".complete"
    pom = (HERE / "pom.xml").read_text()
    if marker.exists() and marker.read_text() == pom:
        return LIBS
    LIBS.mkdir(parents=True, exist_ok=True)
    print("kafka: fetching the jars of Apache Kafka from Maven Central", file=sys.stderr)
    subprocess.run(["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
                    "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"], check=True, stdout=sys.stderr)
    marker.write_text(pom)
    (HOME / "log4j2-tool.properties").write_text(LOG_CONFIG.format(target="SYSTEM_ERR"))
    (HOME / "log4j2-broker.properties").write_text(LOG_CONFIG.format(target="SYSTEM_OUT"))
    return LIBS


def java(main_class, *args, heap="256m", log="tool"):
    """The command line of one of Kafka's main classes. A tool lives a second: compile it lightly."""
    jars()
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"] if log == "tool" else ["-XX:+UseG1GC"]
    return ["java", f"-Xmx{heap}", *quick, "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={HOME}/log4j2-{log}.properties", "-cp", f"{LIBS}/*", main_class, *map(str, args)]


def tool(name, *args):
    name = name.removesuffix(".sh")
    if name not in TOOLS:
        sys.exit(f"kafka: no tool '{name}'; there are: {', '.join(sorted(TOOLS))}")
    return java(TOOLS[name], *args)


def node_properties(node, ports, controller_ports, data):
    nodes = len(ports)
    voters = ",".join(f"{n}@127.0.0.1:{port}" for n, port in enumerate(controller_ports, 1))
    copies = min(nodes, 3)
    return f"""process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{ports[node - 1]},CONTROLLER://127.0.0.1:{controller_ports[node - 1]}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
num.partitions=1
default.replication.factor={copies}
min.insync.replicas={max(1, copies - 1)}
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={max(1, copies - 1)}
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={max(1, copies - 1)}
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=6000
"""


class Cluster:
    """Combined nodes on this machine; node 1 listens on base_port, the next ones on the ports behind it, or all on free
    ports when base_port is 0. Everything that another process must know of it lies in its folder."""

    def __init__(self, nodes=1, home=HOME / "run", base_port=BASE_PORT, more=None):
        self.nodes, self.home = nodes, pathlib.Path(home)
        self.more = more or (lambda node: "")  # lines behind those of node_properties(): what is said later wins
        if base_port:
            self.ports = [base_port + n for n in range(nodes)]
            self.controller_ports = [base_port + 101 + n for n in range(nodes)]
        else:
            found = free_ports(2 * nodes)
            self.ports, self.controller_ports = found[:nodes], found[nodes:]
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def pid_file(self, node):
        return self.home / f"node{node}.pid"

    def data(self, node):
        return self.home / f"data{node}"

    def start(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        cluster_id = "klammTestKafkaCluster0"
        formats = []
        for node in range(1, self.nodes + 1):
            config = self.home / f"node{node}.properties"
            config.write_text(node_properties(node, self.ports, self.controller_ports, self.data(node)) + self.more(node))
            formats.append(subprocess.Popen(java(TOOLS["kafka-storage"], "format", "-t", cluster_id, "-c", config),
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        if any(format_.wait() != 0 for format_ in formats):
            sys.exit(f"kafka: cannot format the data folders in {self.home}")
        for node in range(1, self.nodes + 1):
            self.start_node(node)
        for node in range(1, self.nodes + 1):
            self.wait_ready(node)
        (self.home / "bootstrap").write_text(self.bootstrap)

    def log_file(self, node):
        return self.home / f"node{node}.log"

    def start_node(self, node):
        """Starts it on its folder and ports, or starts it again; the log of its life before is kept beside the new one."""
        if self.pid_file(node).exists() and is_kafka(int(self.pid_file(node).read_text())):
            return  # it runs
        if self.log_file(node).exists():
            self.log_file(node).rename(self.home / f"node{node}.log.before")
        log = open(self.log_file(node), "wb")
        process = subprocess.Popen(java("kafka.Kafka", self.home / f"node{node}.properties", heap="512m", log="broker"),
                                   stdout=log, stderr=log, start_new_session=True)
        self.pid_file(node).write_text(str(process.pid))

    def kill_node(self, node):
        pid = int(self.pid_file(node).read_text())
        if is_kafka(pid):
            os.kill(pid, signal.SIGKILL)
        stop_process(pid, seconds=5)
        self.pid_file(node).unlink()

    def wait_ready(self, node, seconds=120):
        begin = time.monotonic()
        while b"Kafka Server started" not in self.log_file(node).read_bytes():
            waited = time.monotonic() - begin
            # A process that is just being made does not show its name yet.
            if waited > seconds or (waited > 3 and not is_kafka(int(self.pid_file(node).read_text()))):
                sys.exit(f"kafka: node {node} did not start (it was given {waited:.0f} s); its log:\n{self.log_file(node).read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self):
        for pid_file in sorted(self.home.glob("node*.pid")):
            stop_process(int(pid_file.read_text()))
            pid_file.unlink()


def is_kafka(pid):
    try:
        return b"kafka.Kafka" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def stop_process(pid, seconds=20):
    """SIGTERM, then SIGKILL; a pid that another program got meanwhile is left alone."""
    for number, wait in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        if not is_kafka(pid):
            return
        os.kill(pid, number)
        deadline = time.monotonic() + wait
        while is_kafka(pid) and time.monotonic() < deadline:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.1)


def port_in_use(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def need_java():
    """Without Java there is no Apache Kafka: a skip for CTest (77), a failure in CI."""
    if shutil.which("java") is None:
        print("SKIPPED: java not found; run ./dev test to install what the tests need", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") else 77)


def free_ports(count):
    """Ports that nobody listens on, below those that the system gives to outgoing connections: a node that is killed finds
    its port free again. All are held until all are found, so that none comes twice."""
    held, ports = [], []
    while len(ports) < count:
        port, candidate = random.randrange(20_000, 32_000), socket.socket()
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            candidate.close()
            continue
        held.append(candidate)
        ports.append(port)
    for one in held:
        one.close()
    return ports


def main(args):
    home = None
    if "--home" in args[:-1]:
        at = args.index("--home")
        home, args = pathlib.Path(args[at + 1]), args[:at] + args[at + 2:]
    place = {"home": home, "base_port": 0} if home else {}
    if not args:
        sys.exit(__doc__)
    verb, rest = args[0], args[1:]
    if verb == "jars":
        print(jars())
    elif verb == "up":
        need_java()
        cluster = Cluster(int(rest[0]) if rest else 1, **place)
        cluster.stop()
        if port_in_use(cluster.ports[0]):
            sys.exit(f"kafka: something else listens on port {cluster.ports[0]}; stop it first")
        print(f"kafka: starting {cluster.nodes} node(s)", file=sys.stderr)
        cluster.start()
        print(f"Apache Kafka is ready on {cluster.bootstrap} (stop it: ./dev kafka down{f' --home {home}' if home else ''})")
    elif verb == "down":
        cluster = Cluster(**place)
        cluster.stop()
        shutil.rmtree(cluster.home, ignore_errors=True)
        print("Apache Kafka is stopped, its data removed")
    elif verb == "kill" and len(rest) == 1:
        Cluster(**place).kill_node(int(rest[0]))
    elif verb == "start" and len(rest) == 1:
        cluster = Cluster(**place)
        cluster.start_node(int(rest[0]))
        cluster.wait_ready(int(rest[0]))
    elif verb == "tool" and rest:
        command = tool(*rest)
        os.execvp(command[0], command)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
