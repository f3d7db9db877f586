#!/usr/bin/env python3
"""Fetches and builds what the interoperation tests talk to, into build/peers: Kafka's jars, confluent-kafka, franz-go."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import kafka

HERE = pathlib.Path(__file__).resolve().parent
PEERS = kafka.ROOT / "build" / "peers"
CONFLUENT = "confluent-kafka==2.16.1"
# Compiles franz-go where the installed Go is older than the module asks for; Go's own module of its toolchain.
GO_TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.0.linux-amd64"


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, stdout=sys.stderr, **options)


def confluent():
    venv, marker = PEERS / "venv", PEERS / "venv" / ".complete"
    if marker.exists() and marker.read_text() == CONFLUENT:
        return
    print(f"peers: fetching {CONFLUENT}", file=sys.stderr)
    shutil.rmtree(venv, ignore_errors=True)
    run(sys.executable, "-m", "venv", venv)
    run(venv / "bin" / "pip", "install", "-q", "--disable-pip-version-check", CONFLUENT)
    marker.write_text(CONFLUENT)


def go_command():
    """A Go that can compile franz-go, and its environment."""
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "auto", "CGO_ENABLED": "0"}
    version = subprocess.run(["go", "version"], check=True, capture_output=True, text=True).stdout
    major, minor = map(int, re.search(r"go(\d+)\.(\d+)", version).groups())
    if (major, minor) >= (1, 21):
        return "go", environment  # fetches a newer toolchain by itself when it has to
    home = PEERS / "go"
    if not (home / ".complete").exists():
        print("peers: fetching a newer Go toolchain", file=sys.stderr)
        answer = subprocess.run(["go", "mod", "download", "-json", GO_TOOLCHAIN], check=True, capture_output=True, text=True,
                                env={**environment, "GONOSUMDB": "golang.org/toolchain", "GOFLAGS": ""}, cwd=PEERS).stdout
        source = re.search(r'"Dir": "([^"]+)"', answer).group(1)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(source, home)
        run("chmod", "-R", "u+w", home)
        for program in [*home.glob("bin/*"), *home.glob("pkg/tool/*/*")]:
            program.chmod(0o755)
        (home / ".complete").touch()
    return str(home / "bin" / "go"), {**environment, "GOTOOLCHAIN": "local", "GOROOT": str(home)}


def franz():
    program = PEERS / "franz"
    newest = max(path.stat().st_mtime for path in (HERE / "franz").iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return
    print("peers: building the franz-go peer", file=sys.stderr)
    go, environment = go_command()
    run(go, "build", "-o", program, ".", cwd=HERE / "franz", env=environment)


def main():
    PEERS.mkdir(parents=True, exist_ok=True)
    kafka.jars()
    confluent()
    franz()


if __name__ == "__main__":
    main()
