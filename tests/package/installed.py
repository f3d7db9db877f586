#!/usr/bin/env python3
"""Uses Klamm as a stranger does: outside the tree, with nothing but what `cmake --install` put under PREFIX.

usage: installed.py CHECK --prefix PREFIX --tree TREE [--define VAR=VALUE ...] [--cxx COMPILER] [--debug]
"""
import argparse
import concurrent.futures
import contextlib
import gzip
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Failure(Exception):
    pass


def run(*words, **more):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, **more)
    if done.returncode != 0:
        raise Failure(f"{' '.join(map(str, words))}\n{done.stdout}\nexit code {done.returncode}")
    return done.stdout


def expect(true, sentence):
    if not true:
        raise Failure(sentence)


class Installed:
    def __init__(self, options):
        self.prefix = options.prefix.resolve()
        self.tree = options.tree.resolve()
        self.defines = options.define
        self.cxx = options.cxx
        self.debug = options.debug
        self.libraries = next(iter(self.prefix.glob("lib/**/libklamm.so"))).parent
        self.environment = {"LD_LIBRARY_PATH": str(self.libraries)}

    def program(self, name):
        return self.prefix / "bin" / name

    def libraries_path(self):
        return {**os.environ, **self.environment}

    @contextlib.contextmanager
    def broker(self):
        """The installed broker; gives its address."""
        process = subprocess.Popen([self.program("klamm-broker"), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            line = process.stdout.readline()
            expect(line.startswith("ready "), f"klamm-broker printed {line!r}")
            yield line.split()[1]
        finally:
            process.terminate()
            process.wait(30)

    def configure(self, source, build, *words):
        run("cmake", "-G", "Ninja", "-S", source, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug",
            f"-DCMAKE_CXX_COMPILER={self.cxx}", *[f"-D{define}" for define in self.defines], *words)


def stranger(installed, work, standard, *words):
    """The stranger's project: a client against the installed broker, and a GoogleTest with a broker inside."""
    source = work / "source"
    shutil.copytree(HERE / "stranger", source)
    installed.configure(source, work / "build", f"-DCMAKE_CXX_STANDARD={standard}", *words)
    run("cmake", "--build", work / "build")
    run("ctest", "--test-dir", work / "build", "--output-on-failure", "--no-tests=error")
    with installed.broker() as address:
        run(work / "build" / "client", address)
    return work / "build"


def needed(program):
    return set(re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program)))


def check_find_package(installed, work):
    build = stranger(installed, work, 20)
    expect("libklamm.so.1" in needed(build / "client"), "the client does not use the shared library")
    missing = work / "missing"
    missing.mkdir()
    (missing / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\n"
                                            "find_package(klamm QUIET COMPONENTS streams)\nif(klamm_FOUND)\nmessage(FATAL_ERROR found)\nendif()\n"
                                            "if(NOT klamm_NOT_FOUND_MESSAGE MATCHES \"'streams'.*: client\")\nmessage(FATAL_ERROR \"${klamm_NOT_FOUND_MESSAGE}\")\nendif()\n"
                                            "find_package(klamm 0.1 REQUIRED)\n")
    installed.configure(missing, missing / "build")


def check_find_package_static(installed, work):
    build = stranger(installed, work, 23, "-Dklamm_USE_STATIC_LIBS=ON", "-DCMAKE_CXX_EXTENSIONS=OFF")
    libraries = needed(build / "client") | needed(build / "embedded")
    expect(not any("klamm" in name for name in libraries), "a static program needs a shared library of ours")


def check_pkg_config(installed, work):
    environment = {**installed.libraries_path(), "PKG_CONFIG_PATH": str(installed.libraries / "pkgconfig")}
    linker = [word for define in installed.defines if define.startswith("CMAKE_EXE_LINKER_FLAGS=") for word in define.split("=", 1)[1].split()]

    def built(source, standard, kind, *modules):
        flags = run("pkg-config", "--cflags", *kind, *modules, env=environment).split()
        libraries = run("pkg-config", "--libs", *kind, *modules, env=environment).split()
        if kind:  # the static one stands beside the shared one, which the linker would prefer
            libraries = [f"-l:lib{word[2:]}.a" if word.startswith("-lklamm") else word for word in libraries]
        program = work / f"program-{standard}"
        run(installed.cxx, f"-std={standard}", "-fvisibility=hidden", *flags, HERE / "stranger" / source, *linker, *libraries, "-o", program)
        expect(any("klamm" in name for name in needed(program)) == (not kind), f"pkg-config {kind} leads to {needed(program)}")
        return program

    for standard, kind in (("c++20", []), ("c++23", ["--static"])):
        with installed.broker() as address:
            run(built("client.cc", standard, kind, "klamm"), address, env=environment)
    run(built("embedded_test.cc", "c++20", ["--static"], "klamm_broker", "gtest_main"))
    version = run("pkg-config", "--modversion", "klamm_broker", env=environment).strip()
    expect(version in run(installed.program("klamm"), "--version"), "klamm.pc and klamm --version differ")


def check_c(installed, work):
    """The program on top of klamm.h, by pkg-config and by CMake in a project that knows no C++."""
    environment = {**installed.libraries_path(), "PKG_CONFIG_PATH": str(installed.libraries / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "klamm-c", env=environment).split()
    with installed.broker() as address:
        example = run(sys.executable, "-B", HERE.parent / "bindings" / "header_example.py", installed.prefix / "include" / "klamm.h")
        (work / "main.c").write_text(example.replace("localhost:9092", address))
        run("cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", work / "main.c", *flags, "-o", work / "program")
        run(work / "program", env=environment)
        (work / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES C)\n"
                                             "find_package(klamm REQUIRED COMPONENTS c)\nadd_executable(main main.c)\ntarget_link_libraries(main klamm::c)\n")
        installed.configure(work, work / "build")
        run("cmake", "--build", work / "build")
        run(work / "build" / "main")
    expect(not any("klamm.so" in name for name in needed(work / "build" / "main")), "a program of C needs the library of C++")


# Folders of /usr/include that belong to the compiler, the C library and the kernel.
SYSTEM = re.compile(r"/usr/(lib|include/(c\+\+|linux|asm-generic|[a-z0-9_]+-linux-gnu)|lib/gcc)/|/usr/include/[^/]+$")


def check_headers(installed, work):
    """Each header compiles alone by the newer of the two standards and includes the standard library only."""
    headers = sorted((installed.prefix / "include" / "klamm").rglob("*.h"))
    expect(len(headers) > 20, f"only {len(headers)} headers are installed")

    def compiled(header):
        source = work / (header.relative_to(installed.prefix).as_posix().replace("/", "_") + ".cc")
        source.write_text(f"#include <{header.relative_to(installed.prefix / 'include')}>\n")
        run(installed.cxx, "-std=c++23", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-missing-field-initializers", "-MD", "-MF", f"{source}.d",
            f"-I{installed.prefix}/include", "-fsyntax-only", source)
        for path in pathlib.Path(f"{source}.d").read_text().replace("\\\n", " ").split()[1:]:
            path = os.path.normpath(path)
            own = path.startswith(str(installed.prefix)) or path.startswith(str(work))
            expect(own or SYSTEM.match(path), f"{header.name} includes {path}, which is none of the standard library")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compiled, headers))


def symbols(library, *flags):
    """(kind, demangled name) of each symbol."""
    for line in run("nm", "-C", *flags, library).splitlines():
        match = re.match(r"[0-9a-f ]{16,}\s?([A-Za-z]) (.*)", line)
        if match:
            yield match.group(1), match.group(2)


def check_symbols(installed, work):
    """What leaves the shared libraries is declared in public headers; what the compiler instantiated stays inside."""
    headers = "\n".join(path.read_text() for path in (installed.prefix / "include" / "klamm").rglob("*") if path.is_file())
    for library, at_least in ((installed.libraries / "libklamm.so", 60), (installed.libraries / "libklamm_broker.so", 8)):
        if not library.exists():
            continue
        names = [name for kind, name in symbols(library, "-D", "--defined-only") if kind != "A"]
        expect(len(names) >= at_least, f"{library.name} exports only {len(names)} symbols")
        for name in names:
            bare = re.sub(r"^(typeinfo name for|typeinfo for|vtable for|VTT for|guard variable for) ", "", name)
            path = re.match(r"klamm::((?:\w+::)*~?\w+)", bare)
            expect(path, f"{library.name} exports {name}")
            for word in path.group(1).split("::"):
                expect(re.search(rf"\b{re.escape(word.lstrip('~'))}\b", headers), f"{library.name} exports {name}, but no public header has {word}")
        print(f"{library.name}: {len(names)} symbols, each of a public header")


# What a library that neither prints nor ends the process has no reason to call, by the demangled names of undefined symbols.
# std::terminate is not among them: the standard library's own inline functions (~thread, for one) refer to it; that our
# sources do not is for check_structure.py to say.
LOUD = re.compile(r"^(std::(cout|cerr|clog|wcout|wcerr|wclog)|stdout|stderr|printf|vprintf|puts|putchar|putchar_unlocked|perror|"
                  r"__printf_chk|__vprintf_chk|abort|exit|_exit|_Exit|quick_exit|raise|kill|__assert_fail|"
                  r"std::ios_base::Init::Init\(\)|signal|sigaction|setlocale|setenv|putenv|fmt::v\d+::(v?print|detail::vformat_to_stdout).*)$")
# In a debug build the headers of Asio, nlohmann's JSON and the standard library check themselves.
ONLY_IN_DEBUG = ("abort", "__assert_fail")


def check_quiet(installed, work):
    """No object of the libraries prints, aborts, exits or changes what belongs to the process."""
    count = 0
    for library in sorted(installed.libraries.glob("libklamm*.a")):
        member = ""
        for line in run("nm", "-C", "-u", library).splitlines():
            if line.endswith(":"):
                member = line[:-1]
                count += 1
            match = re.match(r"\s+[Uw] (.*)", line)
            if match and LOUD.match(match.group(1)) and not (installed.debug and match.group(1) in ONLY_IN_DEBUG):
                raise Failure(f"{library.name}: {member} refers to {match.group(1)}")
    expect(count > 200, f"nm has seen {count} objects only")
    print(f"{count} objects, none refers to standard output, abort, exit and the like")


def check_tools(installed, work):
    """The tools, by each of their names, on the installed broker."""
    with installed.broker() as address:
        server = ("--bootstrap-server", address)
        run(installed.program("klamm"), "topics", *server, "--create", "--topic", "t")
        run(installed.program("klamm-console-producer"), *server, "--topic", "t", input="one\ntwo\n")
        kafka = installed.prefix / "libexec" / "klamm" / "kafka"
        lines = run(kafka / "kafka-console-consumer.sh", *server, "--topic", "t", "--from-beginning", "--max-messages", "2")
        expect("one\ntwo\n" in lines, f"the consumer printed {lines!r}")
        expect("t" in run(kafka / "kafka-topics", *server, "--list").split(), "kafka-topics does not list the topic")
    expect(run(kafka / "kafka-server-start.sh", "--version").startswith("klamm-broker "), "kafka-server-start is not the broker")
    for link in [*installed.program("").iterdir(), *kafka.iterdir()]:
        expect(link.exists(), f"{link} points nowhere")


def check_habits(installed, work):
    """On a terminal the broker says what to type next, in a pipe it does not; a mistyped word is guessed; colours are for terminals."""
    for on_terminal in (True, False):
        try:
            reader, writer = pty.openpty() if on_terminal else os.pipe()
        except OSError as error:  # a bare chroot has no /dev/pts
            print(f"SKIPPED: no terminal to be had here: {error}", file=sys.stderr)
            continue
        process = subprocess.Popen([installed.program("klamm"), "broker", "--port", "0"], stdout=subprocess.PIPE, stderr=writer, text=True)
        os.close(writer)
        address = process.stdout.readline().split()[1]
        shown = ""
        while on_terminal and "Ctrl-C" not in shown:
            shown += os.read(reader, 4096).decode()
        process.terminate()
        expect(process.wait(30) == 0, "the broker failed")
        if not on_terminal:
            shown = os.fdopen(reader).read()
        expect((f"klamm topics --bootstrap-server {address} --create" in shown) == on_terminal, f"terminal {on_terminal}: {shown!r}")
    klamm = installed.program("klamm")
    overview = run(klamm)
    expect("klamm topics --bootstrap-server" in overview and "completion" in overview, f"klamm alone shows {overview!r}")
    for tool in re.findall(r"^  ([a-z-]+)  +[a-z]", overview, re.M):
        expect("Examples:\n  " in run(klamm, tool, "--help"), f"klamm {tool} --help has no example")
    for words, guess in ((["topcis"], "topics"), (["topics", "--creat3"], "--create"), (["broker", "--prot", "1"], "--port"), (["completion", "bsh"], "bash")):
        done = subprocess.run([klamm, *words], stderr=subprocess.PIPE, text=True)
        expect(done.returncode == 1 and f"Did you mean {guess}?" in done.stderr, f"{words}: {done.stderr!r}")
        expect("\x1b" not in done.stderr, "colours in a pipe")
    alone = shutil.copy(klamm, work / "klamm")
    done = subprocess.run([alone, "broker"], stderr=subprocess.PIPE, text=True)
    expect(done.returncode == 1 and "package klamm-broker" in done.stderr, f"without the broker's program: {done.stderr!r}")


def completed(script, line):
    """What bash offers behind `line` when the tab key is pressed."""
    words = line.split(" ")
    bash = (f"source {script}; COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _klamm; "
            "printf '%s\\n' \"${COMPREPLY[@]}\"")
    return run("bash", "-c", bash).split()


def check_completion(installed, work):
    """bash offers commands, options and files; zsh and fish, where they are installed, read their scripts."""
    share = installed.prefix / "share"
    script = share / "bash-completion" / "completions" / "klamm"
    for line, offered in (("klamm top", ["topics"]), ("klamm topics --cre", ["--create"]), ("klamm-topics --cre", ["--create"]), ("klamm help con", None),
                          ("klamm completion f", ["fish"]), ("klamm topics --topic ", []), (f"klamm topics --command-config {HERE}/ins", None)):
        expected = {"klamm help con": ["console-producer", "console-consumer", "consumer-groups", "consumer-perf-test"]}.get(line, offered)
        expected = [str(HERE / "inside"), str(HERE / "installed.py")] if expected is None else expected
        found = completed(script, line)
        expect(sorted(found) == sorted(expected), f"{line!r} is completed by {found}, not {expected}")
    for tool in ("topics", "console-producer", "dump-log", "producer-perf-test", "broker"):
        options = set(re.findall(r"^  (--[a-z0-9-]+)", run(installed.program("klamm"), "help", tool), re.M)) - {"--config"}
        offered = set(completed(script, f"klamm {tool} --"))
        expect(options and options <= offered | {"--help", "--version"}, f"{tool}: {options - offered} are never offered")
    expect(run(installed.program("klamm"), "completion", "bash") == script.read_text(), "klamm completion bash prints another script")
    for shell, path in (("zsh", share / "zsh" / "site-functions" / "_klamm"), ("fish", share / "fish" / "vendor_completions.d" / "klamm.fish")):
        expect("--create" in path.read_text() or "-l create" in path.read_text(), f"{path} does not know --create")
        if shutil.which(shell):
            run(shell, "-n", path)


def check_manual(installed, work):
    """Each program has a page, man shows it without a warning, and all options of --help stand in it."""
    pages = installed.prefix / "share" / "man" / "man1"
    for program in installed.program("").iterdir():
        page = pages / f"{program.name}.1.gz"
        expect(page.exists(), f"{program.name} has no manual page")
        text = gzip.decompress(page.read_bytes()).decode()
        for option in re.findall(r"^  (--[a-z0-9-]+)", run(program, "--help"), re.M):
            expect(option.replace("-", "\\-") in text, f"{page.name} does not tell of {option}")
        if shutil.which("man") and shutil.which("groff"):
            shown = subprocess.run(["man", "--warnings=w", "-l", str(page)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "100"})
            expect(shown.returncode == 0 and not shown.stderr, f"{page.name}: {shown.stderr}")
            expect("SYNOPSIS" in shown.stdout, f"{page.name} shows {shown.stdout[:200]!r}")


def check_examples(installed, work):
    """Each example alone, against the installed package."""
    def built(folder):
        shutil.copytree(folder, work / folder.name)
        installed.configure(work / folder.name, work / folder.name / "build")
        run("cmake", "--build", work / folder.name / "build")
    examples = [path.parent for path in sorted((ROOT / "examples").glob("*/CMakeLists.txt")) if "find_package(klamm" in path.read_text()]
    expect(len(examples) >= 7, f"only {len(examples)} examples use the installed package")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(built, examples))
    run("ctest", "--test-dir", work / "embedded-test" / "build", "--output-on-failure", "--no-tests=error")
    print(", ".join(path.name for path in examples))


def inside(installed, work, *words):
    """In a project of somebody else nothing but the library is built, and nothing of it is installed. Gives the folder of its programs."""
    launcher = f"{sys.executable};-ISB;{HERE / 'reuse_objects.py'};{installed.tree}"  # the whole library was compiled by the tree
    installed.configure(HERE / "inside", work / "build", f"-DKLAMM_SOURCE={ROOT}", f"-DSTRANGER={HERE / 'stranger'}", "-DCMAKE_CXX_STANDARD=20",
                        f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}", *words)
    targets = run("ninja", "-C", work / "build", "-t", "targets", "all")
    unasked = () if "-DKLAMM_BUILD_BROKER=ON" in words else ("klamm-broker", "klamm_handlers")
    for word in ("klamm_tools", "unit_", "libklamm_shared", "libklamm-c", "simple-producer", *unasked):
        expect(word not in targets, f"a project with Klamm inside would build {word}")
    script = "\n".join(path.read_text() for path in (work / "build").rglob("cmake_install.cmake"))
    expect("klamm.pc" not in script, "a project with Klamm inside would install Klamm's files")
    run("ninja", "-C", work / "build", "client")
    with installed.broker() as address:
        run(work / "build" / "client", address)
    return work / "build"


def check_add_subdirectory(installed, work):
    build = inside(installed, work)
    expect(not any("klamm" in name for name in needed(build / "client")), "the client needs a shared library of ours")


def check_fetch_content(installed, work):
    build = inside(installed, work, "-DFETCH=ON", "-DKLAMM_BUILD_BROKER=ON")
    run("ninja", "-C", build, "embedded")
    run(build / "embedded")


def check_absolute_folders(installed, work):
    """Folders that a distribution gives whole, and not below the prefix, are named as they are."""
    installed.configure(ROOT, work / "build", "-DCMAKE_INSTALL_PREFIX=/opt/klamm", "-DCMAKE_INSTALL_LIBDIR=/lib64/klamm", "-DCMAKE_INSTALL_INCLUDEDIR=headers",
                        "-DKLAMM_BUILD_TESTS=OFF", "-DKLAMM_BUILD_EXAMPLES=OFF", "-DKLAMM_BUILD_TOOLS=OFF")
    for name in ("packaging/klamm.pc", "packaging/klamm_broker.pc", "bindings/c/klamm-c.pc"):
        for variable, folder in (("prefix", "/opt/klamm"), ("libdir", "/lib64/klamm"), ("includedir", "/opt/klamm/headers")):
            said = run("pkg-config", f"--variable={variable}", work / "build" / name, env={**os.environ, "PKG_CONFIG_PATH": str(work / "build" / "packaging")}).strip()
            expect(said == folder, f"{name} has {variable}={said}, not {folder}")


def main():
    checks = {name.removeprefix("check_"): function for name, function in globals().items() if name.startswith("check_")}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=checks)
    parser.add_argument("--prefix", type=pathlib.Path, required=True)
    parser.add_argument("--tree", type=pathlib.Path, required=True, help="what was built and installed from there")
    parser.add_argument("--define", action="append", default=[], help="for CMake")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--debug", action="store_true", help="what is installed was built without NDEBUG")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="klamm-package-") as folder:
        try:
            checks[options.check](Installed(options), pathlib.Path(folder))
        except Failure as failure:
            sys.exit(f"{options.check}: {failure}")


if __name__ == "__main__":
    main()
