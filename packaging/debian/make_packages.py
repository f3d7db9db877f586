#!/usr/bin/env python3
"""Makes the Debian packages of a finished build: one for each component of `cmake --install`.

usage: make_packages.py BUILD_FOLDER OUTPUT_FOLDER      needs dpkg-dev; not root
"""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CHANGELOG = (HERE / "changelog").read_text()
VERSION = re.match(r"klamm \((.*)\)", CHANGELOG).group(1)
MAINTAINER = re.search(r"^ -- (.*)  ", CHANGELOG, re.M).group(1)

# libklamm-dev depends on what klamm.pc and the static libraries name.
PACKAGES = {
    "libklamm1": {
        "Section": "libs", "Multi-Arch": "same",
        "Description": "native C++20 client of Apache Kafka\n"
                       " Producer, consumer and admin client with the names and the semantics of Kafka's\n"
                       " Java clients, written in C++ throughout, and a Kafka-compatible broker that\n"
                       " runs inside a process, for tests.\n .\n This package contains the shared libraries."},
    "libklamm-dev": {
        "Section": "libdevel", "Multi-Arch": "same", "Recommends": "pkgconf | pkg-config",
        "Depends": f"libklamm1 (= {VERSION}), libfmt-dev, libssl-dev, libzstd-dev, liblz4-dev, libsnappy-dev, libdeflate-dev, zlib1g-dev",
        "Description": "native C++20 client of Apache Kafka - development files\n"
                       " Headers, static libraries, and what CMake's find_package(klamm) and pkg-config\n"
                       " need to build programs with Klamm."},
    "klamm-tools": {
        "Section": "net", "Suggests": "klamm-broker",
        "Description": "Apache Kafka's console tools as a native program\n"
                       " Topics, console producer and consumer, consumer groups, performance tests, with\n"
                       " the options, the output and the exit codes of Kafka's own tools. Kafka's names\n"
                       " (kafka-topics.sh and so on) lie as links in /usr/libexec/klamm/kafka."},
    "klamm-broker": {
        "Section": "net", "Suggests": "klamm-tools", "Depends": "init-system-helpers (>= 1.54)",
        "Description": "compact Kafka-compatible broker\n"
                       " One process that speaks Apache Kafka's protocol and keeps Kafka's files, ready\n"
                       " within milliseconds. As a service it listens on localhost:9092 and may do\n"
                       " nothing but write to its own folder."},
}


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def depends_of(stage, work):
    """What the programs and libraries below `stage` are linked with, as packages with versions."""
    binaries = [path for path in stage.rglob("*") if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF"]
    if not binaries:
        return ""
    (work / "debian").mkdir(exist_ok=True)
    (work / "debian" / "control").write_text("Source: klamm\n\nPackage: klamm\nArchitecture: any\n")
    output = run("dpkg-shlibdeps", "--warnings=0", "-O", *[f"-e{path}" for path in binaries], cwd=work)
    return re.search(r"shlibs:Depends=(.*)", output).group(1)


def document(stage, name):
    """What each package of Debian has below /usr/share/doc."""
    folder = stage / "usr" / "share" / "doc" / name
    folder.mkdir(parents=True)
    shutil.copy(HERE / "copyright", folder / "copyright")
    (folder / "changelog.Debian.gz").write_bytes(gzip.compress(CHANGELOG.encode(), 9, mtime=0))
    return folder


def add_development_files(stage, folder):
    """pkg-config leaves out the folders that a compiler searches anyway, but only where it knows them by that name: so the prefix,
    which otherwise follows the files about, is named. And who has the packages alone finds the guides and the examples."""
    for path in stage.rglob("*.pc"):
        path.write_text(re.sub(r"^prefix=.*", "prefix=/usr", path.read_text(), flags=re.M))
    for name in ("docs/guide", "examples"):
        shutil.copytree(ROOT / name, folder / pathlib.Path(name).name)
    shutil.copy(ROOT / "README.md", folder)


def add_service(stage, control, folder):
    for source, target in ((HERE / "klamm-broker.service", "usr/lib/systemd/system"), (HERE / "server.properties", "etc/klamm")):
        (stage / target).mkdir(parents=True)
        shutil.copy(source, stage / target / source.name)
    shutil.copy(ROOT / "docs" / "config" / "broker.md", folder)
    for script in ("postinst", "prerm", "postrm"):
        shutil.copy(HERE / script, control / script)
        (control / script).chmod(0o755)
    shutil.copy(HERE / "conffiles", control / "conffiles")


def tidy(stage):
    """Owners' rights as Debian wants them, whatever the umask here is."""
    for path in stage.rglob("*"):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100 and not path.name.endswith((".so", ".a")) and ".so." not in path.name
            path.chmod(0o755 if executable else 0o644)


def make(name, build, output, work):
    stage = work / name
    stage.mkdir()
    run("cmake", "--install", build, "--prefix", "/usr", "--component", name, "--strip", env={**os.environ, "DESTDIR": str(stage)})
    fields = dict(PACKAGES[name])
    folder = document(stage, name)
    if name == "libklamm-dev":
        add_development_files(stage, folder)
    tidy(stage)
    depends = [text for text in (depends_of(stage, work), fields.get("Depends")) if text]
    control = stage / "DEBIAN"
    control.mkdir(0o755)
    if name == "klamm-broker":
        add_service(stage, control, folder)
    if name == "libklamm1":
        (control / "triggers").write_text("activate-noawait ldconfig\n")
        (control / "shlibs").write_text("".join(f"{library} 1 libklamm1 (>= {VERSION.split('-')[0]})\n" for library in ("libklamm", "libklamm_broker", "libklamm-c")))
    size = sum(path.lstat().st_size for path in stage.rglob("*") if not path.is_dir()) // 1024
    if depends:
        fields["Depends"] = ", ".join(depends)
    description = fields.pop("Description")
    lines = {"Package": name, "Source": "klamm", "Version": VERSION, "Architecture": run("dpkg", "--print-architecture").strip(),
             "Maintainer": MAINTAINER, "Installed-Size": str(size), "Priority": "optional", **fields, "Description": description}
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))
    sums = [f"{run('md5sum', path).split()[0]}  {path.relative_to(stage)}\n" for path in sorted(stage.rglob("*"))
            if path.is_file() and not path.is_symlink() and control not in path.parents and "etc" not in path.relative_to(stage).parts[:1]]
    (control / "md5sums").write_text("".join(sums))
    for path in control.iterdir():
        path.chmod(0o755 if path.name in ("postinst", "prerm", "postrm") else 0o644)
    target = output / f"{name}_{VERSION}_{lines['Architecture']}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-b", stage, target)
    print(target)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, output = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob("*.deb"):
        old.unlink()
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="klamm-deb-") as work:
        for name in PACKAGES:
            make(name, build, output, pathlib.Path(work))


if __name__ == "__main__":
    main()
