#!/usr/bin/env python3
"""Installs the Debian packages on a bare Debian in a chroot, uses them as a new user would, and removes them: nothing may stay.

usage: test_debs.py FOLDER_OF_DEBS [--suite bookworm]      needs root, debootstrap, mounts and Debian's mirror; ends with 77 without
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROXIES = {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **PROXIES}

USE = r"""
set -eu
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
klamm --version; klamm-broker --version
dpkg -L klamm-broker | grep -qx /usr/lib/systemd/system/klamm-broker.service  # not below /lib, a link into /usr
runuser -u nobody -- klamm-broker --port 0 > /tmp/ready 2> /tmp/broker.log & broker=$!
for i in $(seq 100); do [ -s /tmp/ready ] && break; sleep 0.1; done
address=$(cut -d' ' -f2 /tmp/ready)
klamm topics --bootstrap-server "$address" --create --topic orders
echo hello | klamm-console-producer --bootstrap-server "$address" --topic orders
PATH=/usr/libexec/klamm/kafka:$PATH kafka-console-consumer.sh --bootstrap-server "$address" --topic orders --from-beginning --max-messages 1 | grep -x hello
klamm-broker /etc/klamm/server.properties --override listeners=PLAINTEXT://localhost:0 > /tmp/service 2> /tmp/service.log & service=$!
for i in $(seq 100); do [ -s /tmp/service ] && break; sleep 0.1; done
klamm topics --bootstrap-server "$(cut -d' ' -f2 /tmp/service)" --create --topic kept
kill $broker $service; wait $service; wait $broker || true; ls /var/lib/klamm-broker/kept-0 >/dev/null
for page in klamm klamm-topics klamm-broker; do zcat /usr/share/man/man1/$page.1.gz | grep -q '^.SH SYNOPSIS'; done
"""

BUILD = r"""
set -eu
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
apt-get install -y -qq --no-install-recommends g++ cmake ninja-build pkg-config libgtest-dev >/dev/null
cp -r /debs/stranger /tmp/stranger
test -z "$(pkg-config --cflags klamm klamm_broker klamm-c)"
test -e /usr/share/doc/libklamm-dev/guide/producer.md; test -e /usr/share/doc/libklamm-dev/examples/simple-producer/main.cc
klamm-broker --port 0 > /tmp/ready 2>/dev/null & broker=$!
g++ -std=c++20 /tmp/stranger/client.cc $(pkg-config --cflags --libs klamm) -o /tmp/client
/tmp/client "$(cut -d' ' -f2 /tmp/ready)"
kill $broker; wait $broker
for static in OFF ON; do
  cmake -G Ninja -S /tmp/stranger -B /tmp/stranger/$static -DCMAKE_CXX_STANDARD=20 -Dklamm_USE_STATIC_LIBS=$static >/dev/null
  cmake --build /tmp/stranger/$static >/dev/null
  ctest --test-dir /tmp/stranger/$static --output-on-failure --no-tests=error | grep 'tests passed'
done
rm -rf /tmp/stranger /tmp/client
"""

REMOVE = r"""
set -eu
apt-get remove -y -qq klamm-broker >/dev/null
test -e /etc/klamm/server.properties; test ! -e /usr/bin/klamm-broker
apt-get purge -y -qq libklamm1 libklamm-dev klamm-tools klamm-broker >/dev/null
dpkg -l | grep klamm && exit 1
find / -xdev -path /debs -prune -o -path /proc -prune -o -path /sys -prune -o -iname '*klamm*' -print
"""


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, text=True, **more)


def prepare(*words, **more):
    """A step that is none of the packages': where it fails this machine cannot test them."""
    done = subprocess.run([str(word) for word in words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        skip(f"{' '.join(map(str, words))} failed: {(done.stdout.strip().splitlines() or ['without a word'])[-1]}")


def base_of(suite):
    """A bare Debian, made once."""
    base = ROOT / "build" / "debian" / suite
    if not (base / "etc" / "debian_version").exists():
        print(f"making a bare Debian ({suite})", flush=True)
        base.parent.mkdir(parents=True, exist_ok=True)
        lists = [*pathlib.Path("/etc/apt/sources.list.d").glob("*"), *pathlib.Path("/etc/apt").glob("sources.list")]
        mirrors = re.findall(r"^(?:URIs: *|deb (?:\[.*\] )?)(http\S+/debian)/?(?: .*)?$", "".join(path.read_text() for path in lists), re.M)
        with tempfile.TemporaryDirectory(dir=base.parent) as work:
            made = pathlib.Path(work) / "root"
            prepare("debootstrap", "--variant=minbase", "--include=ca-certificates", suite, made, mirrors[0] if mirrors else "http://deb.debian.org/debian")
            made.rename(base)
    return base


@contextlib.contextmanager
def machine(suite, debs):
    """A copy of the bare Debian with the packages in /debs and this machine's way to the mirror."""
    base = base_of(suite)
    root = pathlib.Path(tempfile.mkdtemp(prefix="klamm-debian-"))
    mounts = []
    try:
        run("cp", "-a", f"{base}/.", root)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")  # an installed system has it
        for path in pathlib.Path("/etc/apt/apt.conf.d").iterdir():
            if "Acquire::" in path.read_text():
                shutil.copy(path, root / "etc" / "apt" / "apt.conf.d")
        certificates = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        if certificates.exists():
            shutil.copy(certificates, root / "etc" / "ssl" / "certs")
        for kind, source, target in (("proc", "proc", "proc"), ("sysfs", "sys", "sys"), (None, "/dev", "dev"), ("devpts", "devpts", "dev/pts")):
            prepare("mount", *(["-t", kind] if kind else ["--bind"]), source, root / target)
            mounts.append(root / target)
        (root / "debs").mkdir()
        for path in debs.glob("*.deb"):
            shutil.copy(path, root / "debs")
        shutil.copytree(ROOT / "tests" / "package" / "stranger", root / "debs" / "stranger")
        prepare("chroot", root, "apt-get", "-o", "APT::Update::Error-Mode=any", "update", "-qq", env=ENVIRONMENT)
        yield root
    finally:
        for target in reversed(mounts):
            run("umount", "-l", target)
        shutil.rmtree(root, ignore_errors=True)


def inside(root, script):
    done = subprocess.run(["chroot", root, "bash", "-c", script], env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        sys.exit(f"failed with exit code {done.returncode}:\n{script}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("debs", type=pathlib.Path)
    parser.add_argument("--suite", default="bookworm")
    options = parser.parse_args()
    if os.geteuid() != 0:
        skip("a chroot needs root")
    if not shutil.which("debootstrap"):
        skip("debootstrap is not installed")
    with machine(options.suite, options.debs) as root:
        inside(root, "apt-get install -y -qq --no-install-recommends /debs/*.deb >/dev/null && dpkg -l | grep klamm")
        inside(root, USE)
        inside(root, BUILD)
        left = inside(root, REMOVE)
        if left.strip():
            sys.exit(f"after the purge this is left:\n{left}")
    print(f"installed, used, built with and removed on a bare Debian ({options.suite})")


if __name__ == "__main__":
    main()
