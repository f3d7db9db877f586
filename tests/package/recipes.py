#!/usr/bin/env python3
"""Holds what lies in packaging/ to the build: one version, options that exist, every library that CMake looks for, a closed sandbox."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
PORT = json.loads((PACKAGING / "vcpkg" / "klamm" / "vcpkg.json").read_text())
PORTFILE = (PACKAGING / "vcpkg" / "klamm" / "portfile.cmake").read_text()
RECIPE = (PACKAGING / "conan" / "conanfile.py").read_text()
VERSION = re.search(r"project\(klamm VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)

# What the build looks for, by the words of CMake, and its names in vcpkg and Conan.
LIBRARIES = {"fmt": ("fmt", "fmt"), "tl-expected": ("tl-expected", "tl-expected"), "ZLIB": ("zlib", "zlib"), "OpenSSL": ("openssl", "openssl"),
             "ZSTD": ("zstd", "zstd"), "LZ4": ("lz4", "lz4"), "DEFLATE": ("libdeflate", "libdeflate"), "Snappy": ("snappy", "snappy"),
             "CLI11": ("cli11", "cli11"), "nlohmann_json": ("nlohmann-json", "nlohmann_json"), "spdlog": ("spdlog", "spdlog")}
OF_THE_SYSTEM = {"Threads", "PkgConfig", "Python3"}


class Recipes(unittest.TestCase):
    def test_all_tell_the_version_of_the_project(self):
        self.assertEqual(PORT["version"], VERSION)
        self.assertEqual(re.search(r'^    version = "(.*)"', RECIPE, re.M).group(1), VERSION)
        self.assertEqual(re.match(r"klamm \((.*)-\d+\)", (PACKAGING / "debian" / "changelog").read_text()).group(1), VERSION)

    def test_options_exist_in_the_build(self):
        known = "".join(path.read_text() for path in (ROOT / "CMakeLists.txt", PACKAGING / "CMakeLists.txt"))
        options = set(re.findall(r"KLAMM_\w+", PORTFILE + RECIPE))
        self.assertIn("KLAMM_BUILD_BROKER", options)
        for option in options:
            self.assertRegex(known, rf"(option|set)\({option} ")

    def test_every_library_that_the_build_looks_for_is_required(self):
        files = [ROOT / "libclient" / "cmake" / "klamm_dependencies.cmake", ROOT / "broker-ref" / "CMakeLists.txt", ROOT / "tools" / "CMakeLists.txt"]
        text = "".join(path.read_text() for path in files)
        wanted = set(re.findall(r"find_package\((\S+)|pkg_check_modules\((\S+)", text))
        wanted = {a or b for a, b in wanted} - OF_THE_SYSTEM
        self.assertEqual(wanted, set(LIBRARIES))
        features = [feature["dependencies"] for feature in PORT["features"].values()]
        port = {entry if isinstance(entry, str) else entry["name"] for group in (PORT["dependencies"], *features) for entry in group}
        recipe = set(re.findall(r'"([\w-]+)/[^"/]+"', RECIPE))
        for name, (in_vcpkg, in_conan) in LIBRARIES.items():
            self.assertIn(in_vcpkg, port, name)
            self.assertIn(in_conan, recipe, name)
        self.assertIn("asio", port & recipe)

    def test_the_port_is_in_the_form_that_vcpkg_writes(self):
        self.assertEqual((PACKAGING / "vcpkg" / "klamm" / "vcpkg.json").read_text(), json.dumps(PORT, indent=2) + "\n")
        names = [entry if isinstance(entry, str) else entry["name"] for entry in PORT["dependencies"]]
        self.assertEqual(names, sorted(names))

    def test_python_reads_the_recipes(self):
        for path in (PACKAGING / "conan").rglob("*.py"):
            compile(path.read_text(), str(path), "exec")

    @unittest.skipUnless(shutil.which("conan"), "conan is not installed")
    def test_conan_reads_the_recipe(self):
        shown = subprocess.run(["conan", "inspect", PACKAGING / "conan"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn(f"version: {VERSION}", shown)


class Service(unittest.TestCase):
    UNIT = PACKAGING / "debian" / "klamm-broker.service"

    def test_it_runs_the_program_on_the_configuration_of_the_package(self):
        unit = self.UNIT.read_text()
        self.assertIn("ExecStart=/usr/bin/klamm-broker /etc/klamm/server.properties", unit)
        settings = (PACKAGING / "debian" / "server.properties").read_text()
        self.assertIn("log.dirs=/var/lib/" + re.search(r"StateDirectory=(\S+)", unit).group(1), settings)
        self.assertEqual((PACKAGING / "debian" / "conffiles").read_text(), "/etc/klamm/server.properties\n")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
    def test_its_sandbox_is_closed(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", self.UNIT], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if "nrecognized option" in done.stdout:
            self.skipTest("this systemd-analyze judges running services only")
        self.assertEqual(done.returncode, 0, done.stdout[-400:])

    def test_its_scripts_are_those_of_a_shell(self):
        for script in ("postinst", "prerm", "postrm"):
            subprocess.run(["sh", "-n", PACKAGING / "debian" / script], check=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
